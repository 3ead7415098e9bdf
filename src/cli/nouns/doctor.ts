import type { Command } from 'commander';
import { addBareVerb } from '../define.ts';
import type { Output } from '../output.ts';

/** `doctor` */
export function addDoctorCommand(program: Command, output: Output): void {
  addBareVerb(program, output, {
    usage: 'doctor',
    summary: 'Check all that a command needs, and say what to type where something is wrong',
    example: 'hanaper doctor',
    act: async (into, options) => (await import('../commands/doctor.ts')).doctor(into, options),
  });
}
