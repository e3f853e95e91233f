// Imported first by the thread of libxml2, which writes its complaints, with what it read, to the process's own stderr.
// Invariant: nothing of an answer or a lead gets there; what is wrong travels as the thread's answer.
globalThis.console.error = () => undefined;
