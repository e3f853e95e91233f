// A token endpoint of a storm (OAuth2, client credentials), with moods: short lives, tokens taken back, answers late or never.
// Invariant: every token and the secret hold `mark`, so that wherever one stands in clear it is found.
import { randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { startHttpRecipient, type Received } from '../../connectors/servers/http.ts';
import type { Random } from './random.ts';

export const mark = 'secret-de-la-tempete';
export const application = { id: 'relais', secret: `${mark}-application` } as const;

/** `throttles` names a reason of its own, as some do it with a 400. */
export type TokenMood = 'well' | 'away' | 'hangs' | 'late' | 'fails' | 'throttles' | 'cuts';
export const sickMoods = [
  'away',
  'hangs',
  'late',
  'fails',
  'throttles',
  'cuts',
] as const satisfies TokenMood[];

export interface TokenDoor {
  readonly port: number;
  mood: TokenMood;
  /** This part of the tokens is taken back just when it is shown. */
  takesBack: number;
  /** Whether a token is good at this moment; who is turned away is counted. */
  readonly letsIn: (token: string) => boolean;
  /** Takes back all that were given. */
  readonly revoke: () => void;
  readonly given: () => number;
  readonly turnedAway: () => number;
  readonly close: () => Promise<void>;
}

/** How long a token lives, s: renewed many times in a storm. */
const lives = [5, 40] as const;

export async function startTokenDoor(random: Random): Promise<TokenDoor> {
  const http = await startHttpRecipient();
  const goodUntil = new Map<string, number>();
  let given = 0;
  let turnedAway = 0;

  const give = (response: ServerResponse): void => {
    // Some servers let one token live at a time.
    if (random.next() < 0.3) goodUntil.clear();
    const seconds = random.between(...lives);
    const token = `${mark}-${(given += 1)}-${randomBytes(9).toString('hex')}`;
    goodUntil.set(token, Date.now() + seconds * 1_000);
    say(response, 200, { access_token: token, token_type: 'Bearer', expires_in: seconds });
  };
  http.answer = (request, response) => {
    http.received.length = 0;
    if (!isAsked(request)) return say(response, 401, { error: 'invalid_client' });
    switch (door.mood) {
      case 'well':
        return void setTimeout(() => give(response), random.between(0, 200));
      // Past the patience of whoever asks, most of the time; the token is given all the same.
      case 'late':
        return void setTimeout(() => give(response), random.between(500, 6_000));
      case 'fails':
        return say(response, 503, {});
      case 'throttles':
        return say(response, 400, {
          error: 'access_denied',
          error_description: 'You have made too many requests continuously',
        });
      case 'cuts':
        return void response.destroy();
      case 'hangs':
      case 'away':
        return;
    }
  };
  const door: TokenDoor = {
    port: http.port,
    get mood() {
      return mood;
    },
    set mood(next) {
      mood = next;
      http.cutAtOnce = next === 'away';
    },
    takesBack: 0.05,
    letsIn: (token) => {
      if (random.next() < door.takesBack) goodUntil.delete(token);
      const isGood = (goodUntil.get(token) ?? 0) > Date.now();
      if (!isGood) turnedAway += 1;
      return isGood;
    },
    revoke: () => goodUntil.clear(),
    given: () => given,
    turnedAway: () => turnedAway,
    close: http.close,
  };
  let mood: TokenMood = 'well';
  return door;
}

function isAsked({ method, body }: Received): boolean {
  const said = new URLSearchParams(body.toString());
  return (
    method === 'POST' &&
    said.get('grant_type') === 'client_credentials' &&
    said.get('client_id') === application.id &&
    said.get('client_secret') === application.secret
  );
}

function say(response: ServerResponse, status: number, content: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(content));
}
