// Runs programs for the laboratory: what they print, and a failure that quotes it.
import { spawn } from 'node:child_process';

export interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
}

export function attempt(words: readonly string[], options: RunOptions = {}): Promise<Ended> {
  const [program = '', ...rest] = words;
  const child = spawn(program, rest, {
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: { ...process.env, ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const printed = { out: '', err: '' };
  for (const [name, stream] of [
    ['out', child.stdout],
    ['err', child.stderr],
  ] as const)
    stream.setEncoding('utf8').on('data', (chunk: string) => void (printed[name] += chunk));
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input ?? '');
  return new Promise((done, fail) => {
    child.on('error', fail);
    child.on('close', (code) => done({ ...printed, code: code ?? 1 }));
  });
}

/** @throws with the end of what the program printed */
export async function run(words: readonly string[], options: RunOptions = {}): Promise<string> {
  const { code, out, err } = await attempt(words, options);
  if (code === 0) return out.trim();
  const said = `${out}\n${err}`.trim().split('\n').slice(-15).join('\n');
  throw new Error(`${words.join(' ')} ended with ${code}:\n${said}`);
}

/** Asks until it holds. @throws after `seconds` */
export async function until(
  what: string,
  seconds: number,
  holds: () => Promise<boolean> | boolean,
): Promise<void> {
  for (const end = Date.now() + seconds * 1000; Date.now() < end;) {
    if (await holds()) return;
    await new Promise((done) => setTimeout(done, 250));
  }
  throw new Error(`not within ${seconds} s: ${what}`);
}
