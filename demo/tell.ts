let steps = 0;

/** Prints a line. */
export function say(text: string): void {
  console.log(text);
}

/** Opens the next step. */
export function step(title: string): void {
  steps += 1;
  say(`\n${steps}. ${title}`);
}

/** Prints what a command printed, indented. */
export function quote(text: string): void {
  for (const line of text.trimEnd().split('\n')) say(`    ${line}`);
}
