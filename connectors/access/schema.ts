// The JSON schemas of `auth.oauth2` and `auth.login`.
// Invariant: data only; a setting for a secret takes secret:NAME and nothing else.
import { blockOf, formedText, oneOf, textOf, type JsonSchema } from '../contract.ts';
import { secretSchema } from '../guard.ts';
import { headerName } from './names.ts';

const text = (description: string): JsonSchema => textOf(description, 1000);
const texts = (description: string, value: string): JsonSchema => ({
  type: 'object',
  maxProperties: 30,
  description,
  additionalProperties: { type: 'string', maxLength: 1000, description: value },
});

const sendAs: JsonSchema = blockOf(
  'In which header the token travels; Authorization: Bearer when absent, Cookie for a cookie.',
  ['header'],
  {
    header: formedText(
      'Header name, e.g. X-Auth-Token.',
      headerName,
      'un nom d’en-tête, comme X-Auth-Token.',
    ),
    prefix: formedText(
      'Word before the token, e.g. Bearer or Zoho-oauthtoken; none when absent.',
      '^[!-~]{1,40}$',
      'un mot sans blancs, comme Bearer.',
    ),
  },
);

const assertion: JsonSchema = blockOf('The signed statement of grant jwt_bearer.', ['key'], {
  key: secretSchema('secret:NAME of the private key, PEM.'),
  algorithm: oneOf('Signature algorithm.', ['RS256', 'RS512', 'PS256', 'ES256', 'EdDSA'], 'RS256'),
  keyId: text('`kid` of the header, where the recipient asks for it.'),
  issuer: text('`iss`; clientId when absent.'),
  subject: text('`sub`, e.g. a user name, or secret:NAME; clientId when absent.'),
  audience: text('`aud`; tokenUrl when absent.'),
  claims: texts('Further claims, e.g. scope.', 'Value of the claim.'),
});

export const oauth2Schema: JsonSchema = blockOf(
  'A token by OAuth2: got once for all workers, renewed before its end, thrown away when the recipient refuses it.',
  ['grant', 'tokenUrl', 'clientId'],
  {
    grant: oneOf('How the token is asked for.', ['client_credentials', 'refresh_token', 'jwt_bearer']),
    tokenUrl: {
      ...text('https address of the token endpoint; client.yaml names its host.'),
      pattern: '^https?://',
      'x-forme': 'une adresse https.',
    },
    clientId: text('Id of our application, or secret:NAME.'),
    clientSecret: secretSchema('secret:NAME of its secret.'),
    clientAuth: oneOf(
      'Where id and secret travel: in the body, or as HTTP Basic.',
      ['client_secret_post', 'client_secret_basic'],
      'client_secret_post',
    ),
    requestAs: oneOf(
      'How the request is written: as the form of RFC 6749, or as JSON where the endpoint asks for it.',
      ['form', 'json'],
      'form',
    ),
    scope: text('Scopes, separated by blanks.'),
    audience: text('The API the token is for, where the endpoint asks for it.'),
    resource: text('The same by RFC 8707.'),
    params: texts('Further parameters of the request, none of them secret.', 'Value of the parameter.'),
    refreshToken: secretSchema(
      'secret:NAME of the first refresh token; later ones are kept encrypted in the database.',
    ),
    assertion,
    sendAs,
  },
);

const basic: JsonSchema = blockOf('User and password as HTTP Basic.', ['user', 'password'], {
  user: text('User name, or secret:NAME.'),
  password: secretSchema('secret:NAME of the password.'),
});

const path = (description: string): JsonSchema =>
  formedText(
    description,
    '^\\$(\\.[A-Za-z0-9_-]{1,60}){1,8}$',
    'un endroit d’une réponse JSON, comme $.data.token.',
  );

export const loginSchema: JsonSchema = blockOf(
  'A session by a login: opened once for all workers and kept until it is refused. A refused login is not tried again by itself.',
  ['url', 'token'],
  {
    url: text('https address of the login; client.yaml names its host.'),
    json: {
      type: 'object',
      minProperties: 1,
      description: 'Body as JSON; values may be secret:NAME at any depth.',
    },
    form: texts('Body as a form.', 'Value, or secret:NAME.'),
    basic,
    headers: {
      ...texts('Headers of the login.', 'Value, or secret:NAME.'),
      propertyNames: { pattern: headerName },
    },
    token: {
      type: 'object',
      description: 'Where the answer has the token: exactly one of json, header, cookie.',
      minProperties: 1,
      maxProperties: 1,
      additionalProperties: false,
      properties: {
        json: path('Place in a JSON answer, e.g. $.data.token.'),
        header: formedText('Name of a header of the answer.', headerName, 'un nom d’en-tête.'),
        cookie: formedText('Name of a cookie the answer sets.', headerName, 'un nom de cookie.'),
      },
    },
    proof: path(
      'Place in a JSON answer that is filled only after a good login, e.g. $.result.uid: some CRMs give a cookie to everybody.',
    ),
    accepted: {
      type: 'array',
      minItems: 1,
      maxItems: 5,
      items: { type: 'integer', minimum: 200, maximum: 399, description: 'HTTP status.' },
      description: 'Statuses of a good login; any 2xx when absent.',
    },
    lifetime: formedText(
      'How long a session lasts, e.g. 20m; until it is refused when absent.',
      '^[1-9][0-9]{0,3}(s|m|h)$',
      'une durée, comme 20m.',
    ),
    sendAs,
  },
);
