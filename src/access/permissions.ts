// The one table of permissions for each role (C38, C39). Terminal, API and console ask `may` and nothing else.
// Invariant: an act that is in no row is allowed to no role.
import { RelaisError, type BothSentences } from '../errors.ts';

/** Roles of accounts. An account may have several, but a viewer is only a viewer: it belongs to a client, not to the centre. */
export const roles = ['support', 'integrator', 'dpo', 'admin', 'viewer'] as const;
export type Role = (typeof roles)[number];

export const roleWords: Readonly<Record<Role, { readonly en: string; readonly fr: string }>> = {
  support: { en: 'support staff of the centre', fr: 'support' },
  integrator: { en: 'writes and publishes mappings', fr: 'intégration' },
  dpo: { en: 'data protection officer', fr: 'protection des données' },
  admin: { en: 'accounts, authorisations, exports', fr: 'administration' },
  viewer: { en: 'a client, who sees their own deliveries', fr: 'client' },
};

/** Roles that may sign in only with a second factor (C38). */
export const secondFactorRoles: readonly Role[] = ['dpo', 'admin'];

interface Rule {
  /** In words, for the documentation. */
  readonly words: string;
  readonly roles: readonly Role[];
  /** May be given to a system with an API key. */
  readonly key?: true;
}

const rules = {
  'delivery.read': {
    words: 'see deliveries, destinations and files; persons masked',
    roles: ['support', 'integrator', 'dpo', 'admin', 'viewer'],
    key: true,
  },
  'lead.read': { words: 'see a lead, masked', roles: ['support', 'dpo', 'admin', 'viewer'], key: true },
  'person.find': {
    words: 'find a person by address, phone or name; logged, masked',
    roles: ['support', 'dpo', 'admin'],
    key: true,
  },
  'person.reveal': { words: 'see a person unmasked, with a reason', roles: ['dpo'] },
  'log.read': { words: 'see the hand-over log', roles: ['support', 'dpo', 'admin', 'viewer'], key: true },
  'delivery.replay': { words: 'replay deliveries, one or all of a filter', roles: ['support'], key: true },
  'delivery.cancel': { words: 'cancel deliveries', roles: ['support'], key: true },
  'delivery.resolve': { words: 'say how an unknown outcome ended', roles: ['support'] },
  'destination.suspend': {
    words: 'suspend and resume a destination',
    roles: ['support', 'integrator'],
    key: true,
  },
  'destination.test': { words: 'test a destination', roles: ['support', 'integrator'], key: true },
  'file.send': { words: 'ask for a file now', roles: ['support'], key: true },
  'file.decide': { words: 'let a held file leave, or give it up', roles: ['support'] },
  'task.read': {
    words: 'see alerts and open tasks',
    roles: ['support', 'integrator', 'dpo', 'admin'],
    key: true,
  },
  'task.close': { words: 'take and close a task, with evidence', roles: ['support', 'dpo'], key: true },
  'row.retry': {
    words: 'take in again what Relais set aside',
    roles: ['support', 'dpo'],
    key: true,
  },
  'row.release': { words: 'let in a row of a person erased since', roles: ['dpo'] },
  'mapping.read': {
    words: 'see mappings, versions and the document a client signs',
    roles: ['support', 'integrator', 'dpo', 'admin', 'viewer'],
    key: true,
  },
  'mapping.try': { words: 'check and preview a mapping with invented leads', roles: ['integrator'] },
  'mapping.publish': { words: 'publish and roll back a mapping, with a note', roles: ['integrator'] },
  'lead.test': { words: 'send an invented test lead', roles: ['support', 'integrator', 'viewer'] },
  'secret.rotate': { words: 'rotate the secret of a destination', roles: ['integrator', 'viewer'] },
  'request.read': { words: 'see requests of persons, letters and proofs', roles: ['dpo'] },
  'request.work': { words: 'work on requests of persons', roles: ['dpo'] },
  'request.own': {
    words: 'see requests of their own persons, take out the demand, declare that the person was informed',
    roles: ['viewer'],
  },
  'retention.read': { words: 'see what will be deleted, and when', roles: ['dpo', 'admin'] },
  'audit.read': { words: 'see who looked a person up; verify the log', roles: ['dpo'] },
  'audit.export': { words: 'take out the audit pack of a client, with a reason', roles: ['dpo'] },
  'list.export': { words: 'export a list as CSV, with a reason (C39)', roles: ['admin'] },
  'authorisation.manage': { words: 'authorise and revoke recipients', roles: ['admin'] },
  'account.manage': { words: 'manage accounts and API keys', roles: ['admin'] },
  'lead.post': { words: 'hand in leads, corrections, consents and interactions', roles: [], key: true },
  'lead.pull': { words: 'pull the leads of a destination', roles: [], key: true },
  'event.read': { words: 'read the feed of events', roles: [], key: true },
} as const satisfies Readonly<Record<string, Rule>>;

export type Permission = keyof typeof rules;
export const permissions = Object.keys(rules) as readonly Permission[];
export const keyScopes = permissions.filter((permission) => (rules[permission] as Rule).key === true);

export const ruleOf = (permission: Permission): Rule => rules[permission];

/** The things of every client: only a role of the centre, a key that names no client, and the terminal span them. */
export interface EveryClient {
  readonly clientId: undefined;
  readonly spans: 'clients';
}

/** The things that a reader may see: those of one client, or of every client. */
export type Reach = { readonly clientId: string } | EveryClient;

/** @throws INTERNAL-001 for a viewer without a client, which no account is */
export function reachOf(clientId: string | undefined, roles: readonly Role[] = []): Reach {
  if (clientId !== undefined) return { clientId };
  if (roles.includes('viewer')) throw new RelaisError('INTERNAL-001', 'A viewer belongs to a client.');
  return { clientId: undefined, spans: 'clients' };
}

/** The actor: an account with its roles, a system with the scopes of its key, or the operator at the terminal, who may do everything. */
export type Holder = Reach &
  (
    | { readonly kind: 'account'; readonly roles: readonly Role[] }
    | { readonly kind: 'key'; readonly scopes: readonly Permission[] }
    | ({ readonly kind: 'terminal' } & EveryClient)
  );

/** True where the holder has the permission for any client; `mayFor` checks the client. */
export function may(holder: Holder, permission: Permission): boolean {
  if (holder.kind === 'terminal') return true;
  if (holder.kind === 'key') return keyScopes.includes(permission) && holder.scopes.includes(permission);
  return ruleOf(permission).roles.some((role) => holder.roles.includes(role));
}

/** A holder that belongs to a client may touch only that client's data. */
export const mayFor = (holder: Holder, permission: Permission, clientId: string): boolean =>
  may(holder, permission) && (holder.clientId === undefined || holder.clientId === clientId);

/** Reason to refuse these roles for an account; undefined: they are valid. */
export function rolesProblem(
  asked: readonly Role[],
  clientId: string | undefined,
): BothSentences | undefined {
  if (asked.length === 0) return ['Un compte a au moins un rôle.', 'An account needs a role.'];
  const views = asked.includes('viewer');
  if (views && asked.length > 1)
    return [
      'viewer est le rôle d’un client et ne va avec aucun rôle du centre : créez deux comptes.',
      'viewer belongs to a client and combines with no role of the centre: make two accounts.',
    ];
  if (views && clientId === undefined)
    return [
      'Un compte viewer nomme le client dont il voit les livraisons.',
      'A viewer needs the client whose deliveries it sees.',
    ];
  if (!views && clientId !== undefined)
    return ['Seul un compte viewer appartient à un client.', 'Only a viewer belongs to a client.'];
  return undefined;
}
