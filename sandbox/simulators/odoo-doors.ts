// Serves JSON-2 of the simulated Odoo: authenticates a call, reads it and writes its answer.
// Invariant: stores nothing; an error has the status of its class.
import type { OdooError, Row, Told } from './odoo-tables.ts';
import { json, page } from './simulator.ts';
import type { CrmAnswer, CrmRequest, SimulatedCrm, SimulatorOptions } from './simulator.ts';

/** A call as the protocol carries it: ids beside named arguments. */
export interface Call {
  readonly model: string;
  readonly method: string;
  readonly ids: readonly number[];
  readonly named: Row;
}

type Through = { readonly answer: CrmAnswer } | { readonly wrongKey: CrmAnswer };

export interface Door {
  readonly answer: (request: CrmRequest, good: boolean, orm: (call: Call) => Told) => Through;
  readonly whenDown: SimulatedCrm['whenDown'];
  /** The text by which a request names a record. */
  readonly addressOf: (id: string) => string;
}

type Secrets = SimulatorOptions['secrets'];

/** Odoo's answer without a database to route by. */
const noDatabase = page(404, 'Not Found');

const statuses: Readonly<Record<string, number>> = {
  'werkzeug.exceptions.BadRequest': 400,
  'werkzeug.exceptions.Unauthorized': 401,
  'odoo.exceptions.AccessDenied': 403,
  'odoo.exceptions.AccessError': 403,
  'odoo.exceptions.MissingError': 404,
  'werkzeug.exceptions.NotFound': 404,
  'odoo.exceptions.UserError': 422,
  'odoo.exceptions.ValidationError': 422,
};

/** `POST /json/2/<model>/<method>`, the key in a header. */
export function json2Door(secrets: Secrets): Door {
  const fault = ({ name, message }: OdooError): CrmAnswer =>
    json(statuses[name] ?? 500, {
      name,
      message,
      arguments: name.startsWith('werkzeug.') ? [message, statuses[name]] : [message],
      context: {},
      debug: 'Traceback (most recent call last): ...',
    });
  return {
    whenDown: [noDatabase],
    addressOf: (id) => `"ids":[${id}]`,
    answer: ({ method: verb, path, headers, body }, good, orm) => {
      if (verb !== 'POST') return { answer: fault(notFound('Did you mean POST /json/2/<model>/<method>?')) };
      if (
        !good ||
        headers['authorization']?.toLowerCase() !== `bearer ${secrets['ODOO_KEY'] ?? ''}`.toLowerCase()
      )
        return { wrongKey: fault({ name: 'werkzeug.exceptions.Unauthorized', message: 'Invalid apikey' }) };
      const [, model = '', method = ''] = /^\/json\/2\/([\w.]+)\/(\w+)$/.exec(path) ?? [];
      const call = parsed(body);
      if (call === undefined)
        return {
          answer: fault({
            name: 'werkzeug.exceptions.BadRequest',
            message: 'could not parse the body as json',
          }),
        };
      const { ids = [], ...named } = call;
      const told = orm({ model, method, ids: ids as readonly number[], named });
      return {
        answer: 'error' in told ? fault(missing(told.error)) : json(200, listed(method, told.result)),
      };
    },
  };
}

/** A `create` that is asked for a list answers one. */
const listed = (method: string, result: unknown): unknown =>
  method === 'create' && typeof result === 'number' ? [result] : result;

/** An unknown model or method is an unknown address. */
const missing = (error: OdooError): OdooError => {
  if (error.name === 'builtins.KeyError') return notFound(`the model '${error.message}' does not exist`);
  return error.name === 'builtins.AttributeError' ? notFound(error.message) : error;
};

const notFound = (message: string): OdooError => ({ name: 'werkzeug.exceptions.NotFound', message });

function parsed(body: Buffer): Row | undefined {
  try {
    return JSON.parse(body.toString('utf8')) as Row;
  } catch {
    return undefined;
  }
}
