import { encodeUtf8 } from '../../bytes.ts';
import { parseCheckpoint } from '../../log/checkpoint.ts';
import { parseNote } from '../../log/note.ts';

/**
 * How many entries the checkpoint of a note is about, no matter who signed it.
 *
 * @throws HanaperError `log_tampered` where it is no such note
 */
export function readNoteSize(note: string): number {
  return parseCheckpoint(parseNote(encodeUtf8(note)).text).size;
}
