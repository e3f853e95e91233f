// `npm run demo`: reads the words after it, wires the screen, the signals and the gateway, and sets the exit code.
// Invariant: Ctrl-C once ends the demo cleanly; twice, at once (a guardian then ends the servers).
import { isRelaisError } from '../errors.ts';
import { gatewayTools } from './demo/gateway.ts';
import { helpText, readOptions } from './demo/options.ts';
import { runDemo } from './demo/run.ts';
import { createScreen } from './demo/screen.ts';
import { tryPreset } from './trial/trial.ts';

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    if (stop.signal.aborted) process.exit(130);
    stop.abort();
  });
}

try {
  const options = readOptions(process.argv.slice(2));
  if (options.help) console.log(helpText);
  else {
    // The servers to use are the caller's choice, not a setting of Relais: src/config.ts would ask for the rest too.
    const { RELAIS_MYSQL_OWNER_URL: mysqlUrl, RELAIS_REDIS_URL: redisUrl } = process.env;
    const deps = {
      screen: createScreen(process.stdout),
      tools: gatewayTools,
      given: {
        ...(mysqlUrl === undefined ? {} : { mysqlUrl }),
        ...(redisUrl === undefined ? {} : { redisUrl }),
      },
      signal: stop.signal,
    };
    const { preset, without, keep } = options;
    process.exitCode =
      preset === undefined
        ? await runDemo(options, deps)
        : await tryPreset({ preset, keep, ...(without === undefined ? {} : { without }) }, deps);
  }
} catch (error) {
  console.error(isRelaisError(error) ? `relais: ${error.code} ${error.message}` : error);
  process.exitCode = 1;
}
