// `--engine mysql|mariadb` behind npm test, npm run bench, npm run faults: which server the private services are.
// Tests find it in RELAIS_TEST_ENGINE: processes and workers that are started later inherit it.

const engines = ['mysql', 'mariadb'];

/** Takes the word out of the arguments; ends the process with 2 when it names no engine. */
export function takeEngine() {
  const at = process.argv.findIndex((word) => word === '--engine' || word.startsWith('--engine='));
  if (at < 0) return;
  const [, inWord] = (process.argv[at] ?? '').split('=');
  const taken = process.argv.splice(at, inWord === undefined ? 2 : 1);
  const engine = inWord ?? taken[1];
  if (engine === undefined || !engines.includes(engine)) {
    console.error(`relais: --engine is one of ${engines.join(', ')}.`);
    process.exit(2);
  }
  process.env.RELAIS_TEST_ENGINE = engine;
}
