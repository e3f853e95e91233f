// Serves `execute_kw` of the simulated Odoo 16 to 18 by JSON-RPC and by XML-RPC, the key among the arguments.
// Invariant: every error is an answer with status 200; neither has a session. A number written as a text names no record.
import type { Call, Door } from './odoo-doors.ts';
import { refuse, type OdooError, type Row, type Told } from './odoo-tables.ts';
import { readCall, tellFault, tellResult } from './odoo-xmlrpc.ts';
import { json, page } from './simulator.ts';
import type { CrmAnswer, SimulatorOptions } from './simulator.ts';

type Secrets = SimulatorOptions['secrets'];
type Orm = (call: Call) => Told;

/** As in the presets' examples. */
const account = { database: 'client', user: 7 } as const;

const away: OdooError = {
  name: 'psycopg2.OperationalError',
  message:
    'connection to server at "127.0.0.1", port 5432 failed: Connection refused\n\tIs the server running on that host and accepting TCP/IP connections?\n',
};
const notFound = page(404, 'Not Found');

/** `POST /jsonrpc`, service `object`. */
export function jsonRpcDoor(secrets: Secrets): Door {
  return {
    whenDown: [jsonFault(null, away)],
    addressOf: (id) => `[[${id}]`,
    answer: ({ path, body }, good, orm) => {
      if (path !== '/jsonrpc') return { answer: notFound };
      const { id = null, params } = parsed(body);
      const { service, method, args } = (params ?? {}) as Row;
      if (service !== 'object' || method !== 'execute_kw' || !Array.isArray(args))
        return { answer: jsonFault(id, { name: 'builtins.AttributeError', message: String(method) }) };
      const told = execute(args, { key: good ? secrets['ODOO_KEY'] : undefined, orm });
      const answer =
        'error' in told ? jsonFault(id, told.error) : json(200, { jsonrpc: '2.0', id, result: told.result });
      return isWrongKey(told) ? { wrongKey: answer } : { answer };
    },
  };
}

function jsonFault(id: unknown, error: OdooError): CrmAnswer {
  const data = { ...error, debug: 'Traceback (most recent call last): ...', arguments: [error.message] };
  return json(200, {
    jsonrpc: '2.0',
    id,
    error: { code: 200, message: 'Odoo Server Error', data: { ...data, context: {} } },
  });
}

/** `POST /xmlrpc/2/object`. */
export function xmlRpcDoor(secrets: Secrets): Door {
  return {
    whenDown: [tellFault(away)],
    addressOf: (id) => `<int>${id}</int>`,
    answer: ({ path, body }, good, orm) => {
      const call = path === '/xmlrpc/2/object' ? readCall(body.toString('utf8')) : undefined;
      if (call?.method !== 'execute_kw') return { answer: notFound };
      const told = execute(call.params, { key: good ? secrets['ODOO_KEY'] : undefined, orm });
      const answer = 'error' in told ? tellFault(told.error) : tellResult(told.result);
      return isWrongKey(told) ? { wrongKey: answer } : { answer };
    },
  };
}

const isWrongKey = (told: Told): boolean =>
  'error' in told && told.error.name === 'odoo.exceptions.AccessDenied';

/** Names of arguments by position. */
const positions: Readonly<Record<string, readonly string[]>> = {
  load: ['fields', 'data'],
  create: ['vals_list'],
  search_read: ['domain', 'fields', 'offset', 'limit', 'order'],
  write: ['ids', 'vals'],
  unlink: ['ids'],
};

/** `execute_kw(database, user's number, key, model, method, arguments, named arguments)`. */
function execute(
  args: readonly unknown[],
  { key, orm }: { readonly key: string | undefined; readonly orm: Orm },
): Told {
  const [database, user, given, model, method, byPlace, byName] = args;
  if (database !== account.database)
    return refuse(
      'psycopg2.OperationalError',
      `connection to server at "127.0.0.1", port 5432 failed: FATAL:  database "${String(database)}" does not exist\n`,
    );
  // An unknown user is answered like a deleted record.
  if (user !== account.user)
    return refuse(
      'odoo.exceptions.MissingError',
      `Record does not exist or has been deleted.\n(Record: res.users(${String(user)},), User: ${String(user)})`,
    );
  if (key === undefined || given !== key) return refuse('odoo.exceptions.AccessDenied', 'Access Denied');
  const names = positions[String(method)];
  if (names === undefined || !Array.isArray(byPlace))
    return refuse(
      'builtins.AttributeError',
      `The method '${String(model)}.${String(method)}' does not exist`,
    );
  const placed = Object.fromEntries(
    (byPlace as unknown[]).map((value, index) => [names[index] ?? '', value]),
  );
  const { ids, ...named }: Row = { ...placed, ...(byName as Row | undefined) };
  const told = orm({
    model: String(model),
    method: String(method),
    ids: Array.isArray(ids) ? (ids as number[]) : [Number(ids)],
    named,
  });
  // A list of values is answered by a list.
  return method === 'create' && 'result' in told && Array.isArray(named['vals_list'])
    ? { result: [told.result].flat() }
    : told;
}

function parsed(body: Buffer): Row {
  try {
    return JSON.parse(body.toString('utf8')) as Row;
  } catch {
    return {};
  }
}
