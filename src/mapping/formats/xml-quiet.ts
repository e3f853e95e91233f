// Silences libxml2, which writes its complaints and the text it read to stderr; its thread imports this file first.
// Invariant: nothing of an answer or a lead reaches stderr; a complaint is returned as the thread's answer.
globalThis.console.error = () => undefined;
