// A program of its own for services.test.ts: starts private services in the folder it is given, says so, and
// waits to be killed.
import { startServices } from '../../../sandbox/services.ts';
import { askedEngine } from '../../support/engine.ts';

const [folder = '', keep] = process.argv.slice(2);
const services = await startServices({ folder, log: () => {}, keep: keep === 'keep', ...askedEngine() });
process.stdout.write(`${JSON.stringify(services)}\n`);
setInterval(() => {}, 60_000);
