// Where the alerts of a storm arrive.
// Invariant: kept outside of every process that may be killed.
import { accept, startHttpRecipient } from '../../connectors/servers/http.ts';

export interface AlertSeen {
  readonly type: string;
  /** Milliseconds, as of `performance.now()`. */
  readonly at: number;
}

export async function startAlertDoor(): Promise<{
  readonly url: string;
  readonly seen: readonly AlertSeen[];
  readonly close: () => Promise<void>;
}> {
  const http = await startHttpRecipient();
  const seen: AlertSeen[] = [];
  http.answer = (request, response, raw) => {
    http.received.length = 0;
    const { type } = JSON.parse(request.body.toString() || '{}') as { type?: unknown };
    seen.push({ type: typeof type === 'string' ? type : '', at: performance.now() });
    accept(request, response);
    raw.resume();
  };
  return { url: `http://localhost:${http.port}/alerts`, seen, close: http.close };
}
