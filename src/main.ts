// Long-running roles: `all` (default), `planner`, `worker`. Signals, exit codes, health.
// Invariant: SIGTERM drains within the limit and exits 0; a configuration that is wrong exits 78 before anything starts.
import { flushCompileCache } from 'node:module';
import { openApp, type App } from './app.ts';
import { startPlanner } from './roles/planner.ts';
import { startWorker } from './roles/worker.ts';
import { collectAtRest, grownUp } from './roles/lean-heap.ts';
import type { Role } from './roles/role-status.ts';
import { strangeVariables } from './app/strange-variables.ts';
import { loadConfig, waitsOnConfigError, type Config, ownEnvironment, portInUse } from './config.ts';
import { programVersion } from './config/version.ts';
import type { Meters } from './monitoring/meters.ts';
import { foreignCode, isRelaisError, remedyOf, type RelaisError } from './errors.ts';
import { createLog, type Log } from './log.ts';

const roles = ['all', 'planner', 'worker', 'api', 'console'] as const;
type RoleName = (typeof roles)[number];

const help = `relais start [all|planner|worker|api|console]

  all      planner and worker in one process (default)
  planner  takes leads in, plans, dispatches, watches deadlines, seals, alerts
  worker   sends
  api      answers other systems over HTTP (RELAIS_API_PORT); in all too where a port is set
  console  pages for people (RELAIS_CONSOLE_PORT); in all too where a port is set

Any number of each may run. Configuration: \`relais config\`. Health: RELAIS_HTTP_PORT (/health, /ready, /metrics).
SIGTERM or SIGINT stops taking work, lets what is being sent end (RELAIS_DRAIN_MS), then exits 0.
`;

/** A start with leads waiting: they go first. */
const firstLeadsMs = 1_000;

/** sysexits(3): EX_USAGE, EX_CONFIG, EX_UNAVAILABLE. */
const exits = { usage: 64, config: 78, unavailable: 69 } as const;

await main(process.argv[2] ?? 'all', process.argv.slice(3));

async function main(name: string, rest: readonly string[]): Promise<void> {
  if (name === '--help' || name === '-h' || name === 'help') {
    process.stdout.write(help);
    return;
  }
  const role = roles.find((role) => role === name);
  if (rest.length > 0)
    return leave(
      `One role at a time: "${rest.join(' ')}" is too much. all is planner and worker.\n\n${help}`,
      exits.usage,
    );
  if (role === undefined) return leave(`"${name}" is not a role.\n\n${help}`, exits.usage);
  // A slip in a name leaves the default in force: it is said before the configuration is judged.
  for (const line of strangeVariables(ownEnvironment())) process.stderr.write(`${line}\n`);
  let config: Config;
  try {
    config = loadConfig();
  } catch (error) {
    return leave(isRelaisError(error) ? messageOf(error) : 'Configuration cannot be read.', exits.config);
  }
  if (role === 'api' && config.api.port === undefined)
    return leave('`relais start api` answers on RELAIS_API_PORT: set it.', exits.config);
  if (role === 'console' && config.console.port === undefined)
    return leave('`relais start console` answers on RELAIS_CONSOLE_PORT: set it.', exits.config);
  const log = createLog({ level: config.logLevel });
  try {
    await run(role, config, log);
  } catch (error) {
    log.error('process.failed', { role, code: foreignCode(error) });
    const wrong = isRelaisError(error) && /^(CONFIG|KEY|REDIS)-/.test(error.code);
    const said = isRelaisError(error) ? messageOf(error) : (portInUse(config, error) ?? '');
    leave(said, wrong ? exits.config : exits.unavailable);
  }
}

function messageOf(error: RelaisError): string {
  return `${error.code} ${error.message}\n→ ${remedyOf(error.code)}`;
}

async function run(role: RoleName, config: Config, plainLog: Log): Promise<void> {
  const meters = await metersOf(config);
  const log = meters?.counted(plainLog) ?? plainLog;
  const app: App = await openApp(config, { log });
  const running: Role[] = [];
  const { readOnly } = app.config;
  // Without a role nothing else keeps the process, and its supervisor would start it again and again.
  if (readOnly) setInterval(() => undefined, 2 ** 30);
  if (readOnly) log.warn('process.read_only', { role });
  else running.push(...(await startRoles(role, app)));
  let stopping = false;
  const health =
    meters && (await startHealth(app, meters, { roles: running, role, draining: () => stopping }));
  const callbacks =
    !readOnly && (role === 'all' || role === 'planner') ? await openCallbacks(app, config, log) : undefined;
  const api = role === 'all' || role === 'api' ? await openApi(app, config, log) : undefined;
  const desk = role === 'all' || role === 'console' ? await openConsole(app, config, log) : undefined;
  // Before the flags change: V8 refuses what was compiled under others.
  flushCompileCache();
  grownUp();
  collectAtRest();

  const stop = async (signal: string): Promise<void> => {
    // A second signal means now: lapsed leases show the next process what was under way.
    if (stopping) process.exit(1);
    stopping = true;
    log.info('process.stopping', { role, signal });
    // Past the drain and a margin nothing is worth waiting for: a service that does not answer must not keep us.
    setTimeout(() => process.exit(1), config.worker.drainMs + 10_000).unref();
    await Promise.all(running.map((role) => role.stop()));
    await Promise.all([callbacks?.close(), api?.close(), desk?.close()]);
    await health?.close();
    await app.close();
    log.info('process.stopped', { role });
    process.exit(0);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void stop(signal));
  // Last: a signal sent on reading this line lets what is being sent end.
  log.info('process.started', { role, ...(health === undefined ? {} : { port: health.port }) });
}

async function startRoles(role: RoleName, app: App): Promise<readonly Role[]> {
  const started: Role[] = [];
  if (role === 'all' || role === 'planner') started.push(await startPlanner(app, { restMs: firstLeadsMs }));
  if (role === 'all' || role === 'worker') started.push(await startWorker(app));
  return started;
}

/** Nobody asks a process without a port for its figures: what counts and shows them is not even loaded. */
async function metersOf({ http }: Config): Promise<Meters | undefined> {
  if (http.port === undefined) return undefined;
  const { createMeters } = await import('./monitoring/meters.ts');
  return createMeters({ destinations: http.metricsDestinations });
}

/** Loaded when the roles have begun: leads do not wait for it. */
async function startHealth(
  { database, config: { http, env, readOnly } }: App,
  meters: Meters,
  {
    roles,
    role,
    draining,
  }: { readonly roles: readonly Role[]; readonly role: RoleName; readonly draining: () => boolean },
) {
  const health = await import('./monitoring/health.ts');
  return await health.startHealth({
    app: database,
    roles,
    meters,
    draining,
    needsBackups: env === 'production',
    readOnly,
    backlog: role !== 'worker',
    host: http.host,
    port: http.port ?? 0,
  });
}

/** Beside a planner: recipients tell it what they decided. */
async function openCallbacks(
  { database, published, callbackKey }: App,
  { callbacks: { host, port }, secrets, network }: Config,
  log: Log,
): Promise<{ readonly close: () => Promise<void> } | undefined> {
  if (port === undefined) return undefined;
  const { startCallbacks } = await import('./callbacks/server.ts');
  return startCallbacks({ database, published, callbackKey, secrets, network, log, host, port });
}

/** Where a port is set. Loaded here: the roles that carry do not wait for it. */
async function openApi(
  app: App,
  { api }: Config,
  log: Log,
): Promise<{ readonly close: () => Promise<void> } | undefined> {
  if (api.port === undefined) return undefined;
  const { startApi } = await import('./api/server.ts');
  const { host, port, proxies, perMinute, pem } = api;
  const { access, database, intake } = app;
  const opened = await startApi({
    access,
    posting: { database, intake },
    support: app,
    log,
    version: programVersion(),
    host,
    port,
    proxies,
    perMinute,
    ...(pem === undefined ? {} : { pem }),
  });
  log.info('api.listening', { port: opened.port });
  return opened;
}

/** Where a port is set, like the API. */
async function openConsole(
  app: App,
  { console: { host, port, proxies, pem, oidc } }: Config,
  log: Log,
): Promise<{ readonly close: () => Promise<void> } | undefined> {
  if (port === undefined) return undefined;
  const { startConsole } = await import('./console/server.ts');
  const opened = await startConsole({
    place: app,
    log,
    host,
    port,
    proxies,
    ...(pem === undefined ? {} : { pem }),
    ...(oidc === undefined ? {} : { oidc }),
  });
  log.info('console.listening', { port: opened.port });
  return opened;
}

/** Ends the process; with a wrong configuration it may wait for its signal instead, which starts nothing and answers nobody. */
function leave(message: string, code: number): void {
  process.exitCode = code;
  if (message !== '') process.stderr.write(`${message}\n`);
  if (code !== exits.config || !waitsOnConfigError()) process.exit();
  // Before the line is written: a signal sent on reading it ends the process with this code.
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => process.exit());
  process.stderr.write('RELAIS_ON_CONFIG_ERROR=wait: nothing was started; waiting to be started again.\n');
  setInterval(() => undefined, 2 ** 30);
}
