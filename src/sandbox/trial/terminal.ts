// A trial started by a command: its screen, its signals, servers of its own.
// Invariant: Ctrl-C once ends it cleanly; twice, at once. Servers that an installation is configured for are never used.
import { gatewayTools } from '../demo/gateway.ts';
import { createScreen } from '../demo/screen.ts';
import { tryPreset, type TrialOptions } from './trial.ts';

/** Returns the exit code. */
export async function tryInTerminal(options: TrialOptions): Promise<number> {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => {
      if (stop.signal.aborted) process.exit(130);
      stop.abort();
    });
  return await tryPreset(options, {
    screen: createScreen(process.stdout),
    tools: gatewayTools,
    given: {},
    signal: stop.signal,
  });
}
