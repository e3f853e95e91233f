// Stops a demo or a trial from outside.
// Invariant: one Ctrl-C ends it cleanly; a second one at once (a guardian then ends the servers).

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
