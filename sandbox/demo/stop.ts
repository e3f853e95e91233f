// How a demo or a trial is stopped from outside.
// Invariant: Ctrl-C once ends it cleanly; twice, at once (a guardian then ends the servers).

/** Aborted by the first Ctrl-C, SIGTERM or SIGHUP. */
export function stopSignal(): AbortSignal {
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(name, () => {
      if (stop.signal.aborted) process.exit(130);
      stop.abort();
    });
  return stop.signal;
}
