/** The proof of a package: always `<file name>.proof.json` beside it. */
export function proofPathOf(packagePath: string): string {
  return `${packagePath}.proof.json`;
}
