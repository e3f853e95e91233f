// Headers for mail providers that tell of a bounce by a number of their own: each gives back what a header of its name carried. Pure.
// Invariant: what they are given stands in the Message-ID anyway; it holds no person, and the same mail has the same headers.
// Sources: https://postmarkapp.com/support/article/1125-custom-metadata-faq and Mailjet's guide of its SMTP relay (X-MJ-CustomID).

/** Postmark takes no longer value of metadata. */
const longestName = 80;

/** @param host of the mail server @param messageId `<NAME@domain>` */
export function providerHeaders(host: string, messageId: string): Readonly<Record<string, string>> {
  const isOf = (domain: string): boolean => {
    const named = host.toLowerCase();
    return named === domain || named.endsWith(`.${domain}`);
  };
  const name = /^<([^<>@\s]+)@/.exec(messageId)?.[1] ?? '';
  const given = name === '' || name.length > longestName ? undefined : name;
  // Without X-PM-KeepID Postmark writes a Message-ID of its own, under which a receiver sees two mails where one was sent twice.
  if (isOf('postmarkapp.com'))
    return { 'X-PM-KeepID': 'true', ...(given === undefined ? {} : { 'X-PM-Metadata-relais': given }) };
  return isOf('mailjet.com') && given !== undefined ? { 'X-MJ-CustomID': given } : {};
}
