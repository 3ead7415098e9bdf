/**
 * Every row of a walk in its order, some at a time: `read` gives those behind the last one so far, at most `atOnce` of them,
 * and the first time those from the very first on.
 */
export async function* readPages<Row>(
  atOnce: number,
  read: (last: Row | undefined) => Promise<readonly Row[]>,
): AsyncGenerator<readonly Row[]> {
  for (let last: Row | undefined, more = true; more; ) {
    const rows = await read(last);
    yield rows;
    last = rows.at(-1);
    more = rows.length === atOnce;
  }
}
