// Sends requests to a file server with its credentials: a secret in a header, or a token or session that is obtained first.
// Invariant: a refused token is obtained anew once, and the same request is sent again only after that plain refusal.
import { authHeaders } from '../../access/headers.ts';
import { accessHeaders, credentialsFor, neededFor } from '../../access/obtain.ts';
import { isAccess, type Access } from '../../access/settings.ts';
import type { Auth } from '../../access/auth.ts';
import type { Credential, SendContext } from '../../contract.ts';
import { createHttpClient } from '../../guard/http/exchange.ts';
import { dropFailure, dropOutcome, type Take } from '../drop.ts';
import type { FileAnswer, FileExchange, FileRequest } from '../http-exchange.ts';

export interface Reading {
  readonly most: number;
  readonly take: Take;
}

/** @param made the request, built anew each time it is sent */
export type Asking = (
  made: () => FileRequest,
  reading?: Reading,
) => Promise<FileAnswer & { readonly read?: 'whole' | 'longer' }>;

export function askingWith(auth: Auth | undefined, exchange: FileExchange, context: SendContext): Asking {
  const once = async (
    request: FileRequest,
    access: Readonly<Record<string, string>>,
    reading: Reading | undefined,
  ): ReturnType<Asking> => {
    const whole = { ...request, headers: { ...request.headers, ...access } };
    return reading === undefined
      ? await exchange.ask(whole)
      : await exchange.fetch(whole, reading.most, reading.take);
  };
  if (isAccess(auth)) return askingByToken(auth, once, context);
  const fixed = authHeaders(auth, context.secret);
  if (!fixed.ok) throw dropFailure(fixed.reason === 'SECRET_MISSING' ? 'SECRET_MISSING' : 'SECRET_MALFORMED');
  return (made, reading) => once(made(), fixed.headers, reading);
}

type Once = (
  request: FileRequest,
  access: Readonly<Record<string, string>>,
  reading: Reading | undefined,
) => ReturnType<Asking>;

function askingByToken(access: Access, once: Once, context: SendContext): Asking {
  let credential: Credential | undefined;
  let isRenewed = false;
  return async (made, reading) => {
    credential ??= await obtained(access, context, undefined);
    const answer = await once(made(), accessHeaders(access, credential), reading);
    if (isRenewed || (answer.status !== 401 && answer.status !== 403)) return answer;
    isRenewed = true;
    credential = await obtained(access, context, credential);
    return await once(made(), accessHeaders(access, credential), reading);
  };
}

async function obtained(
  access: Access,
  context: SendContext,
  refused: Credential | undefined,
): Promise<Credential> {
  const client = createHttpClient();
  try {
    const needed = neededFor(access, client, context);
    if (!needed.ok) throw dropOutcome(needed.outcome);
    const need = { ...needed.need, ...(refused === undefined ? {} : { refused }) };
    const got = await credentialsFor(access, context).obtain(need);
    if (!got.ok) throw dropOutcome(got.outcome);
    return got.credential;
  } finally {
    await client.close();
  }
}
