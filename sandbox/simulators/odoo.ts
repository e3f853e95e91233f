// Simulates Odoo's external interfaces: JSON-2 of 19, JSON-RPC and XML-RPC of 16 to 18.
// Invariant: one and the same Odoo behind three doors: this file and odoo-tables.ts decide; a door (odoo-doors.ts, odoo-rpc.ts) only
// reads and answers.
import { json2Door, type Call, type Door } from './odoo-doors.ts';
import { jsonRpcDoor, xmlRpcDoor } from './odoo-rpc.ts';
import {
  createLeads,
  createMail,
  denied,
  load,
  openTables,
  recordsOf,
  refuse,
  remove,
  search,
  unlink,
  write,
  type Rights,
  type Row,
  type Tables,
  type Told,
} from './odoo-tables.ts';
import { page } from './simulator.ts';
import type { SimulatedCrm, Simulator, SimulatorOptions } from './simulator.ts';

const behind = (
  preset: string,
  modelled: string,
  doorOf: (secrets: SimulatorOptions['secrets']) => Door,
): Simulator => ({
  preset,
  modelled,
  secretNames: ['ODOO_KEY'],
  open: (options) => openOdoo(options, doorOf(options.secrets)),
});

export const odoo = behind('odoo', 'Odoo 19.0, installed November 2026', json2Door);
export const odooJsonRpc = behind(
  'odoo-jsonrpc',
  'Odoo 18.0, installed November 2026; 16 and 17 from documentation',
  jsonRpcDoor,
);
export const odooXmlRpc = behind(
  'odoo-xmlrpc',
  'Odoo 18.0, installed November 2026; 16 and 17 from documentation',
  xmlRpcDoor,
);

function openOdoo({ strangers }: SimulatorOptions, door: Door): SimulatedCrm {
  const tables = openTables(strangers);
  let good = true;
  let wrongKeys = 0;
  // With the key the administrator restores the user's rights, one after the other.
  const without = { list: 0, leads: 0 };
  const rightsFor = ({ model, method }: Call): Rights => {
    const list = model === 'mail.blacklist' && without.list > 0;
    const leads = model === 'crm.lead' && method === 'load' && without.leads > 0;
    if (list) without.list -= 1;
    if (leads) without.leads -= 1;
    return { blacklist: !list, leads: !leads };
  };
  return {
    whenDown: door.whenDown,
    whenBusy: page(429, 'Too Many Requests'),
    answer: (request) => {
      const told = door.answer(request, good, (call) => run(tables, rightsFor(call), call));
      if ('answer' in told) return told.answer;
      wrongKeys += 1;
      return told.wrongKey;
    },
    addressOf: door.addressOf,
    records: () => recordsOf(tables),
    complaints: () => tables.complaints,
    deletedByHand: (id) => remove(tables, Number(id)),
    wrongKeys: () => wrongKeys,
    keyIsGood: (isGood) => {
      good = isGood;
      Object.assign(without, isGood ? { list: 1, leads: 1 } : {});
    },
  };
}

const noMethod = (model: string, method: string): Told =>
  ['crm.lead', 'mail.blacklist'].includes(model)
    ? refuse('builtins.AttributeError', `The method '${model}.${method}' does not exist`)
    : refuse('builtins.KeyError', model);

function run(tables: Tables, rights: Rights, { model, method, ids, named }: Call): Told {
  const values = (named['vals'] ?? {}) as Row;
  if (model === 'mail.blacklist') {
    if (!rights.blacklist)
      return refuse('odoo.exceptions.AccessError', denied('Mail Blacklist', model, method));
    if (method === 'create') return createMail(tables, named['vals_list']);
    if (method === 'write') return write(tables.mails, model, ids, values);
    if (method === 'unlink')
      return refuse('odoo.exceptions.AccessError', denied('Mail Blacklist', model, 'delete'));
  }
  if (model === 'crm.lead')
    switch (method) {
      case 'create':
        return createLeads(tables, named['vals_list']);
      case 'load':
        return load(tables, rights, named['fields'], named['data']);
      case 'write':
        return write(tables.leads, model, ids, values);
      case 'unlink':
        return unlink(tables, ids);
      case 'search_read':
        return search(tables, named);
    }
  if (model === 'res.users')
    return refuse(
      'odoo.exceptions.AccessError',
      denied('User', model, method === 'unlink' ? 'delete' : method),
    );
  return noMethod(model, method);
}
