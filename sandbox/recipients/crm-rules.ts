// Checks Horizon's conditions for a lead: token, signature, the shape agreed with the client, open programmes.
// Invariant: pure, and written from the client's side: it shares no code with the gateway, so it cannot share its faults.
import { Ajv } from 'ajv';
import { Webhook } from 'standardwebhooks';
import { soldOutProgramme, unknownProgramme } from '../people/clients.ts';

export interface CrmAnswer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface CrmLead {
  readonly reference: string;
  readonly RGPD_OPTIN: string;
  readonly RGPD_TEL: string;
  readonly RGPD_DATE?: string;
  readonly contact: { readonly tel?: string };
  readonly projet: { readonly programme: string };
}

const text = (maxLength: number): object => ({ type: 'string', minLength: 1, maxLength });
const instant = { type: 'string', pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}' };
const closed = (required: readonly string[], properties: object): object => ({
  type: 'object',
  additionalProperties: false,
  required,
  properties,
});

const schema = closed(
  ['reference', 'RGPD_OPTIN', 'RGPD_TEL', 'contact', 'projet', 'canal', 'recueLe', 'source'],
  {
    reference: { type: 'string', pattern: '^[A-Za-z0-9._-]{1,64}$' },
    RGPD_OPTIN: { enum: ['OUI', 'NON'] },
    RGPD_TEL: { enum: ['OUI', 'NON'] },
    RGPD_DATE: { type: 'string', pattern: '^\\d{2}/\\d{2}/\\d{4} \\d{2}:\\d{2}$' },
    contact: closed(['nom'], {
      civilite: { enum: ['M', 'MME'] },
      nom: text(80),
      prenom: text(120),
      email: { type: 'string', pattern: '^[^@\\s]+@[^@\\s]+$' },
      tel: { type: 'string', pattern: '^0[1-9]\\d{8}$' },
      codePostal: { type: 'string', pattern: '^\\d{5}$' },
      ville: text(120),
    }),
    projet: closed(['programme'], {
      programme: { type: 'string', pattern: '^HZ-' },
      typeLogement: { enum: ['APPT', 'MAISON', 'TERRAIN', 'PARKING', 'LOCAL', 'AUTRE'] },
      pieces: { type: 'integer', minimum: 1 },
      surfaceMin: { type: 'number', minimum: 0 },
      destination: { enum: ['RP', 'RS', 'INV', 'REV', 'AUT'] },
      // 285 000: a blank or a narrow one between thousands.
      budget: { type: 'string', pattern: '^\\d{1,3}([\\s\\u00a0\\u202f]\\d{3})*(,\\d+)?$' },
      commentaire: text(2000),
    }),
    origine: { enum: ['SLN', 'LBC', 'GAD'] },
    canal: { enum: ['APPEL', 'RAPPEL', 'REQUALIF', 'WEB'] },
    recueLe: instant,
    source: { type: 'string' },
    echanges: {
      type: 'array',
      items: closed(['type', 'le'], { type: text(40), le: instant, duree: { type: 'integer', minimum: 0 } }),
    },
  },
);

export interface CrmSecrets {
  readonly token: string;
  /** `whsec_...` */
  readonly signing: string;
}

export interface CrmRequest {
  readonly method: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
}

export type Judgement =
  | { readonly ok: true; readonly content: CrmLead | undefined }
  | { readonly ok: false; readonly answer: CrmAnswer };

const no = (status: number, code: string): Judgement => ({
  ok: false,
  answer: { status, body: { success: false, error: { code } } },
});

export function createCrmRules(secrets: CrmSecrets): (request: CrmRequest) => Judgement {
  const validate = new Ajv({ allErrors: true, strict: false }).compile<CrmLead>(schema);
  const webhook = new Webhook(secrets.signing);
  return ({ method, headers, body }) => {
    if (headers['authorization'] !== `Bearer ${secrets.token}`) return no(401, 'TOKEN');
    if (!isSigned(webhook, headers, body)) return no(401, 'SIGNATURE');
    if ((headers['idempotency-key'] ?? '') === '') return no(400, 'NO_KEY');
    if (method === 'DELETE') return { ok: true, content: undefined };
    const parsed = parsedJson(body);
    if (!validate(parsed)) {
      const path = validate.errors?.[0]?.instancePath ?? '';
      return no(422, path === '/contact/tel' ? 'E12' : 'E10');
    }
    if (parsed.projet.programme === soldOutProgramme) return no(422, 'PROGRAMME_CLOSED');
    // Some CRMs refuse with status 200, and the refusal in the body.
    if (parsed.projet.programme === unknownProgramme) return no(200, 'E31');
    return { ok: true, content: parsed };
  };
}

function isSigned(webhook: Webhook, headers: CrmRequest['headers'], body: string): boolean {
  try {
    webhook.verify(body, {
      'webhook-id': headers['webhook-id'] ?? '',
      'webhook-timestamp': headers['webhook-timestamp'] ?? '',
      'webhook-signature': headers['webhook-signature'] ?? '',
    });
    return true;
  } catch (error) {
    // The signature is checked first; an erasure has no body for the package to parse afterwards.
    return body === '' && error instanceof SyntaxError;
  }
}

function parsedJson(body: string): unknown {
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return undefined;
  }
}
