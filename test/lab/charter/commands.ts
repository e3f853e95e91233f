// Runs `relais` commands in this process, whose clock is the story's, and shows each with what it printed.
// Invariant: a command that fails ends the story.
import { run } from '../../../src/cli/program.ts';

export const say = (line: string): void => console.log(line);

export interface CommandLine {
  /** Returns what the command printed on standard output. */
  (...argv: readonly string[]): Promise<string>;
  /** The same with these variables. */
  readonly with: (more: Readonly<Record<string, string>>) => CommandLine;
}

const quoted = (word: string): string => (/^[\w./:@-]+$/.test(word) ? word : `"${word}"`);

export function commandLine(environment: Readonly<Record<string, string>>): CommandLine {
  const relais = async (...argv: readonly string[]): Promise<string> => {
    say(`  $ relais ${argv.map(quoted).join(' ')}`);
    const { out, err, code } = await captured(environment, argv);
    for (const line of `${out}${err}`.trimEnd().split('\n').slice(0, 14)) say(`    ${line}`);
    if (code !== 0) throw new Error(`relais ${argv.join(' ')} ended with ${code}`);
    return out;
  };
  return Object.assign(relais, {
    with: (more: Readonly<Record<string, string>>) => commandLine({ ...environment, ...more }),
  });
}

async function captured(
  environment: Readonly<Record<string, string>>,
  argv: readonly string[],
): Promise<{ readonly out: string; readonly err: string; readonly code: number }> {
  const said = { out: '', err: '' };
  const { stdout, stderr } = process;
  const writers = { out: stdout.write.bind(stdout), err: stderr.write.bind(stderr) };
  const before = { ...process.env };
  Object.assign(process.env, environment);
  stdout.write = (text: string | Uint8Array) => ((said.out += String(text)), true);
  stderr.write = (text: string | Uint8Array) => ((said.err += String(text)), true);
  process.exitCode = 0;
  try {
    await run(argv);
    return { ...said, code: Number(process.exitCode) };
  } finally {
    Object.assign(stdout, { write: writers.out });
    Object.assign(stderr, { write: writers.err });
    process.exitCode = 0;
    for (const name of Object.keys(environment)) delete process.env[name];
    Object.assign(process.env, before);
  }
}
