/** Returns for how many milliseconds this process runs, by a clock that nobody sets; `performance` is loaded at its first use. */
export function uptime(): number {
  return process.uptime() * 1000;
}
