// From the name of a client's field to the source it most likely stands for, in French and English.
// Invariant: a guess only; nothing is guessed for a name that speaks of somebody else than the prospect.
import { words } from '../fields/lints.ts';
import type { Slot } from './shape.ts';

const squeezed = (name: string): string => words(name).join('');

/** Groups whose names are not the prospect's: the agent, the agency, the sender. */
const others =
  /^(agence|agent|commercial|commerciaux|vendeur|conseiller|societe|company|seller|vendor|provider|owner|user|utilisateur)/;

/** First match wins, on the name with its group before it, then on the name alone. */
const rules: readonly (readonly [RegExp, string])[] = [
  [/naissance|birth|devise|currency|unite$/, ''],
  [
    /(projet|programme|program|residence|operation)(nom|name|id|code|ref|reference|libelle)$/,
    'project.programme',
  ],
  [/^(nom|name|code|id|ref)(programme|program|residence)/, 'project.programme'],
  [/^(nomcomplet|fullname|nom(et)?prenom|prenom(et)?nom|contactname|displayname|identite)$/, '(full name)'],
  [/mail|courriel/, 'identity.email'],
  [
    /(mobile|portable|gsm|cellphone|cellulaire)(phone)?(number)?[12]?$|^(telmobile|telportable|mobilephone)|^(tel|phone)?mob$/,
    'identity.mobile',
  ],
  [/fixe?$|^fixe|landline|homephone|domicile$/, 'identity.landline'],
  [
    /^(contact|prospect|client|lead|num|numero|numerode)*(tel|telephone|phone|phonenumber)[12]?$/,
    'identity.phone',
  ],
  [/civilite|civility|salutation|^(genre|gender|sexe|titre|title|civ)$/, 'identity.civility'],
  [/prenom|firstname|givenname|forename|^fname$/, 'identity.firstName'],
  [
    /^(contact|prospect|client|lead|personne|person|customer|acquereur)*(nom|lastname|surname|familyname|nomdefamille|nomfamille|nomusage|lname)$/,
    'identity.lastName',
  ],
  [/^(contact|prospect|client|lead|person|customer|acquereur)*name$/, '(full name)'],
  [/codepostal|^(cp|zip|zipcode)$|postcode|postalcode|zipcode/, 'identity.address.postcode'],
  [/(^|adresse|address)(ville|city|localite|town|commune)$/, 'identity.address.city'],
  [/complement|(adresse|address|line|ligne|street|rue)2$/, 'identity.address.line2'],
  [
    /(^|adresse|address)(adresse|address|rue|street|voie|line1?|ligne1?|adresse1|address1|adressepostale)$/,
    'identity.address.line1',
  ],
  [/(^|adresse|address)(pays|country|countrycode)$/, 'identity.address.country'],
  [/budget(min|minimum)|minbudget|prixmin/, 'project.budgetMin'],
  [/budget|prixmax|maxprice|enveloppe/, 'project.budgetMax'],
  [/surface(max|maximum)|maxsurface/, 'project.surfaceMax'],
  [/surface|superficie/, 'project.surfaceMin'],
  [/pieces|rooms|nbpiece/, 'project.rooms'],
  [/type(de)?(logement|bien|produit)|housingtype|propertytype|natureb?ien/, 'project.housingType'],
  [
    /^(projet|project)*(destination|usage|typeachat|projetachat|finalite|destinationbien|destinationdubien|objectif)$/,
    'project.use',
  ],
  [/programme|program|residence/, 'project.programme'],
  [/^(operation|codeoperation|operationcode)$/, 'operation'],
  [/^apport|(projet|financement)apport/, 'financial.contribution'],
  [/revenu|income|^rfr$/, 'financial.referenceTaxIncome'],
  [/loyer|^rent$/, 'financial.rent'],
  [/^tmi$|tranche|taxbracket/, 'financial.taxBracket'],
  [/revente|resale/, 'financial.resale'],
  [
    /commentaire|comment|^(message|remarques?|observations?|notes?|texte|demande|besoin|description)$/,
    'comment',
  ],
  [/localisation|secteur|^(lieu|zone|location|localite)$/, 'project.location'],
  [/typeorigine|origintype|originetype|utmmedium/, 'origin.type'],
  [/support|annonce|campagne|campaign/, 'origin.support'],
  [/media|portail|portal|utmsource|origine?|provenance|leadsource|^source$/, 'origin.media'],
  [/canal|channel|typecontact|typedemande/, 'channel'],
  [/departement/, 'origin.departement'],
  [/insee/, 'origin.commune'],
  [/^commune$/, 'origin.communeName'],
  [/enregistrement|recording/, 'origin.recording'],
  [/duree|duration/, 'origin.talkDuration'],
  [
    /^(date|le|recule|recueLe|horodatage|timestamp|created|createdat|creele|collectedat|submittedat|submitteddate|receivedat)$|^date|date$|recue?le$/,
    'collectedAt',
  ],
  [
    /^(lead|demande|contact|source)?(id|ref|reference|identifiant|uuid|numero)(lead|demande|externe|source|contact)?$|^(external|ext)(id|ref)$/,
    'id',
  ],
];

/** Inside the two lists of a lead. */
const elementRules: Readonly<Record<string, readonly (readonly [RegExp, string])[]>> = {
  interactions: [
    [/type|nature|kind|action|canal/, 'kind'],
    [/duree|duration/, 'duration'],
    [/date|heure|^le$|^at$|time/, 'at'],
    [/contenu|content|texte|message|comment/, 'content'],
  ],
  'identity.phones': [
    [/type|kind|label|nature/, 'type'],
    [/num|tel|phone|value|text|gsm/, 'number'],
  ],
};

const found = (list: readonly (readonly [RegExp, string])[], name: string): string | undefined => {
  const source = list.find(([pattern]) => pattern.test(name))?.[1];
  return source === '' ? undefined : source;
};

/** The source a place most likely stands for; `(full name)` for first and last name in one. */
export function sourceByName(slot: Slot): string | undefined {
  const group = squeezed(slot.parents[0] ?? '');
  if (slot.parents.some((parent) => others.test(squeezed(parent))) || others.test(squeezed(slot.name)))
    return undefined;
  const own = squeezed(slot.name);
  return found(rules, group + own) ?? found(rules, own);
}

/** The list of a lead that a repeated group most likely is. */
export function listByName(name: string): string | undefined {
  const own = squeezed(name);
  if (/tel|phone/.test(own)) return 'identity.phones';
  return /interaction|echange|historique|history|appels|calls|activit|actions|evenement|event/.test(own)
    ? 'interactions'
    : undefined;
}

/** A field of such a list. */
export const elementByName = (list: string, name: string): string | undefined =>
  found(elementRules[list] ?? [], squeezed(name));
