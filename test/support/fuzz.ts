/** How often a fuzz test runs: `usual`, or `HANAPER_FUZZ` times that. */
export function fuzzRuns(usual: number): number {
  return usual * Number(process.env['HANAPER_FUZZ'] ?? 1);
}
