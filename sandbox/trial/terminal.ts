// Starts a trial from a command: its screen, its signals, servers of its own.
// Invariant: servers that an installation is configured for are never used.
import { gatewayTools } from '../demo/gateway.ts';
import { createScreen } from '../demo/screen.ts';
import { stopSignal } from '../demo/stop.ts';
import { tryPreset, type TrialOptions } from './trial.ts';

/** Returns the exit code. */
export async function tryInTerminal(options: TrialOptions): Promise<number> {
  return await tryPreset(options, {
    screen: createScreen(process.stdout),
    tools: gatewayTools,
    given: {},
    signal: stopSignal(),
  });
}
