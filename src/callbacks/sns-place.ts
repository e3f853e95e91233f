// Fetches the certificate of an Amazon SNS signature, and calls the URL that confirms a subscription.
// Invariant: only through the network gate, within seconds, without a redirect; a few certificates are cached.
import { X509Certificate, type KeyObject } from 'node:crypto';
import type { NetworkPolicy } from '../../connectors/contract.ts';
import { createHttpClient } from '../../connectors/guard/http/exchange.ts';

/** `later`: the network or SNS is unavailable. */
type Fetched = { readonly status: number; readonly text: string } | 'later';

export interface SnsPlace {
  /** Public key of the certificate at that address. Undefined: no valid one. @param now epoch ms */
  readonly certificate: (address: string, now: number) => Promise<KeyObject | 'later' | undefined>;
  /** True where SNS accepted the confirmation. */
  readonly confirm: (address: string) => Promise<boolean>;
  readonly close: () => Promise<void>;
}

/** SNS waits fifteen seconds for the answer. */
const timeouts = { connectMs: 3_000, responseMs: 5_000, totalMs: 6_000 };

/** Regions with topics of one installation, and the certificates before and after a change. */
const mostCertificates = 8;

export function createSnsPlace(network: NetworkPolicy): SnsPlace {
  const client = createHttpClient();
  const stop = new AbortController();
  const known = new Map<string, X509Certificate>();
  const fetched = async (address: string): Promise<Fetched> => {
    const request = { url: new URL(address), method: 'GET', headers: { 'user-agent': 'Relais' } };
    const { carried } = await client.exchange(request, {
      network,
      timeouts,
      signal: stop.signal,
      mayLeave: () => true,
    });
    if (carried.kind !== 'answer' || carried.answer.status >= 500) return 'later';
    return { status: carried.answer.status, text: carried.answer.text };
  };
  return {
    async certificate(address, now) {
      const remembered = known.get(address);
      if (remembered !== undefined) return inForce(remembered, now);
      const found = await fetched(address);
      if (found === 'later') return 'later';
      const certificate = found.status === 200 ? certificateIn(found.text) : undefined;
      if (certificate === undefined) return undefined;
      const [oldest] = known.keys();
      if (known.size >= mostCertificates && oldest !== undefined) known.delete(oldest);
      known.set(address, certificate);
      return inForce(certificate, now);
    },
    async confirm(address) {
      const found = await fetched(address);
      return found !== 'later' && found.status === 200;
    },
    async close() {
      stop.abort();
      await client.close();
    },
  };
}

function certificateIn(text: string): X509Certificate | undefined {
  try {
    return new X509Certificate(text);
  } catch {
    return undefined;
  }
}

function inForce({ publicKey, validFrom, validTo }: X509Certificate, now: number): KeyObject | undefined {
  const isNow = Date.parse(validFrom) <= now && now <= Date.parse(validTo);
  return isNow && publicKey.asymmetricKeyType === 'rsa' ? publicKey : undefined;
}
