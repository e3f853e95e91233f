// Runs `npm run demo`: reads its options, connects screen, stop signal and gateway, and sets the exit code.
// Invariant: an unknown option starts nothing.
import { isRelaisError } from '../src/errors.ts';
import { gatewayTools } from './demo/gateway.ts';
import { helpText, readOptions } from './demo/options.ts';
import { runDemo } from './demo/run.ts';
import { createScreen } from './demo/screen.ts';
import { stopSignal } from './demo/stop.ts';
import { tryPreset } from './trial/trial.ts';

const signal = stopSignal();

try {
  const options = readOptions(process.argv.slice(2));
  if (options.help) console.log(helpText);
  else {
    // The caller chooses the servers; they are no setting of Relais: src/config.ts would require the others too.
    const { RELAIS_MYSQL_OWNER_URL: mysqlUrl, RELAIS_REDIS_URL: redisUrl } = process.env;
    const deps = {
      screen: createScreen(process.stdout),
      tools: gatewayTools,
      given: {
        ...(mysqlUrl === undefined ? {} : { mysqlUrl }),
        ...(redisUrl === undefined ? {} : { redisUrl }),
        ...(options.engine === undefined ? {} : { engine: options.engine }),
      },
      signal,
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
