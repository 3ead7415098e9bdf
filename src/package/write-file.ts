import { ReservedFile } from './reserve-file.ts';

/**
 * Writes a file whole or not at all: beside its place, flushed, then renamed over it.
 *
 * @throws HanaperError `bad_input` where the place cannot be written, `unavailable` where the disk is full or fails
 */
export function writeFileBeside(path: string, content: string | Uint8Array, mode: number): void {
  using place = ReservedFile.reserve(path, { mode, room: 0 });
  place.write(content);
}
