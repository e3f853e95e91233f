// Reads and writes XML-RPC for the simulated Odoo.
// Invariant: no null in either direction, as in Odoo's own; a fault is an answer with status 200.
import { XMLParser } from 'fast-xml-parser';
import type { OdooError } from './odoo-tables.ts';
import type { CrmAnswer } from './simulator.ts';

const parser = new XMLParser({
  ignoreDeclaration: true,
  parseTagValue: false,
  trimValues: false,
  isArray: (name, path) =>
    name === 'param' || name === 'member' || (name === 'value' && String(path).endsWith('data.value')),
});

type Node = Record<string, unknown>;
const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null;

/** The method and its parameters; undefined where the body is no call. */
export function readCall(
  body: string,
): { readonly method: string; readonly params: readonly unknown[] } | undefined {
  const root = parser.parse(body) as Node;
  const call = root['methodCall'];
  if (!isNode(call) || typeof call['methodName'] !== 'string') return undefined;
  const params = isNode(call['params']) ? call['params']['param'] : [];
  return {
    method: call['methodName'],
    params: (Array.isArray(params) ? (params as unknown[]) : []).map((param) =>
      valueOf(isNode(param) ? param['value'] : ''),
    ),
  };
}

function valueOf(node: unknown): unknown {
  if (!isNode(node)) return node;
  if ('int' in node) return Number(node['int']);
  if ('double' in node) return Number(node['double']);
  if ('boolean' in node) return node['boolean'] === '1';
  if ('array' in node) {
    const data = isNode(node['array']) ? node['array']['data'] : undefined;
    const values = isNode(data) ? data['value'] : [];
    return (Array.isArray(values) ? (values as unknown[]) : []).map(valueOf);
  }
  if ('struct' in node) {
    const members = isNode(node['struct']) ? node['struct']['member'] : [];
    const pairs = (Array.isArray(members) ? (members as unknown[]) : []).map((member) =>
      isNode(member) ? ([String(member['name']), valueOf(member['value'])] as const) : (['', ''] as const),
    );
    return Object.fromEntries(pairs);
  }
  return node['string'] ?? '';
}

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

function written(value: unknown): string {
  if (typeof value === 'boolean') return `<value><boolean>${value ? 1 : 0}</boolean></value>`;
  if (typeof value === 'number')
    return Number.isInteger(value)
      ? `<value><int>${value}</int></value>`
      : `<value><double>${value}</double></value>`;
  if (Array.isArray(value))
    return `<value><array><data>\n${(value as unknown[]).map((item) => `${written(item)}\n`).join('')}</data></array></value>`;
  if (isNode(value)) {
    const members = Object.entries(value).map(
      ([name, member]) => `<member>\n<name>${escaped(name)}</name>\n${written(member)}\n</member>\n`,
    );
    return `<value><struct>\n${members.join('')}</struct></value>`;
  }
  return `<value><string>${escaped(String(value))}</string></value>`;
}

const answer = (content: string): CrmAnswer => ({
  status: 200,
  headers: { 'content-type': 'text/xml; charset=utf-8' },
  body: `<?xml version="1.0"?>\n<methodResponse>\n${content}\n</methodResponse>\n`,
});

export const tellResult = (result: unknown): CrmAnswer =>
  answer(`<params>\n<param>\n${written(result)}\n</param>\n</params>`);

/** 1 is an error of the program, with its traceback; 2 a refusal shown to users; 3 a failed login; 4 a missing right. */
export function tellFault({ name, message }: OdooError): CrmAnswer {
  const codes: Readonly<Record<string, number>> = {
    'odoo.exceptions.AccessDenied': 3,
    'odoo.exceptions.AccessError': 4,
    'odoo.exceptions.MissingError': 2,
    'odoo.exceptions.UserError': 2,
    'odoo.exceptions.ValidationError': 2,
  };
  const code = codes[name] ?? 1;
  const text =
    code === 1 ? `Traceback (most recent call last):\n${name.replace('builtins.', '')}: ${message}` : message;
  return answer(`<fault>\n${written({ faultCode: code, faultString: text })}\n</fault>`);
}
