/** Sends a signal to every process of a group; where none is left, nothing happens. */
export function signalGroup(leader: number | undefined, signal: NodeJS.Signals): void {
  try {
    if (leader !== undefined) process.kill(-leader, signal);
  } catch {
    // Nobody is left in it.
  }
}

/**
 * Stops another group of processes whenever this process is stopped from its terminal (Ctrl-Z), and lets it go on with it
 * (`fg`, `bg`). Returns a function that ends this.
 */
export function stopTogether(leader: number | undefined): () => void {
  const stop = () => {
    signalGroup(leader, 'SIGSTOP');
    // Not SIGTSTP again: where nobody controls jobs the kernel drops that one, and the group would never go on.
    process.kill(process.pid, 'SIGSTOP');
  };
  const goOn = () => signalGroup(leader, 'SIGCONT');
  process.on('SIGTSTP', stop);
  process.on('SIGCONT', goOn);
  return () => {
    process.off('SIGTSTP', stop);
    process.off('SIGCONT', goOn);
  };
}
