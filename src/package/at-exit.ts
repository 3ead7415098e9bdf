// One listener for them all: Node warns of a leak beyond ten, and a command may hold the locks of many files.
const acts = new Set<() => void>();

/** Runs `act` when the process exits, also at a signal. Returns what takes that back. */
export function atExit(act: () => void): () => void {
  if (acts.size === 0) process.on('exit', runAll);
  acts.add(act);
  return () => {
    acts.delete(act);
    if (acts.size === 0) process.off('exit', runAll);
  };
}

function runAll(): void {
  for (const act of acts) {
    try {
      act();
    } catch {
      // What else is held is cleared away all the same.
    }
  }
}
