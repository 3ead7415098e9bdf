/**
 * A read that is done once for all who ask before it begins, which is when the pending events have been handled.
 * Nobody is given what was read before they asked.
 */
export function shareRead<Value>(read: () => Promise<Value>): () => Promise<Value> {
  let next: Promise<Value> | undefined;
  return () => {
    next ??= new Promise((resolve) => {
      setImmediate(() => {
        next = undefined;
        resolve(read());
      });
    });
    return next;
  };
}
