// Gives the messages of the YAML parser in French by their code, and in English as the parser words them.
// Invariant: a code of the parser without French words does not compile.
import type { ErrorCode, YAMLError } from 'yaml';
import type { Both } from '../../../connectors/contract.ts';

const french: Readonly<Record<ErrorCode, string>> = {
  ALIAS_PROPS: 'un alias (*nom) ne peut porter ni ancre ni étiquette.',
  BAD_ALIAS: 'cet alias (*nom) ne mène à aucune ancre (&nom), ou son nom est faux.',
  BAD_COLLECTION_TYPE: 'l’étiquette ne convient pas à un bloc ou à une liste.',
  BAD_DIRECTIVE: 'cette ligne qui commence par % n’est pas une directive connue.',
  BAD_DQ_ESCAPE:
    'après \\ entre guillemets doubles, ce caractère n’existe pas : doublez la barre, ou employez des apostrophes.',
  BAD_INDENT:
    'la ligne n’est pas indentée comme celles de son bloc, ou une accolade ou un crochet reste ouvert avant elle.',
  BAD_PROP_ORDER: 'l’ancre ou l’étiquette vient avant la valeur, sur la même ligne.',
  BAD_SCALAR_START: 'une valeur ne commence pas par ce caractère : mettez-la entre guillemets.',
  BLOCK_AS_IMPLICIT_KEY:
    'deux « clé: valeur » sur une même ligne, ou une valeur qui contient « : » sans guillemets.',
  BLOCK_IN_FLOW:
    'entre accolades ou crochets, ce qui se suit est séparé par des virgules ; une liste à tirets n’y a pas sa place.',
  DUPLICATE_KEY: 'la clé est écrite deux fois.',
  IMPOSSIBLE: 'le lecteur ne comprend pas cet endroit.',
  KEY_OVER_1024_CHARS: 'une clé sur une ligne a au plus 1024 caractères.',
  MISSING_CHAR:
    'il manque un caractère : une accolade, un crochet, un guillemet, une virgule, ou l’espace après « : ».',
  MULTILINE_IMPLICIT_KEY:
    'la clé tient sur une ligne et est suivie de « : » ; il manque peut-être un guillemet ou un « : ».',
  MULTIPLE_ANCHORS: 'une valeur a au plus une ancre (&nom).',
  MULTIPLE_DOCS: 'le fichier contient plus d’un document YAML.',
  MULTIPLE_TAGS: 'une valeur a au plus une étiquette (!nom).',
  NON_STRING_KEY: 'une clé est un texte.',
  RESOURCE_EXHAUSTION: 'le fichier demande plus que le lecteur ne peut lire.',
  TAB_AS_INDENT: 'la ligne est indentée par une tabulation.',
  TAG_RESOLVE_FAILED:
    'cette étiquette (!nom) n’existe pas ici : retirez-la, ou mettez la valeur entre guillemets.',
  UNEXPECTED_TOKEN:
    'ce caractère n’est pas attendu ici : mettez la valeur entre guillemets, ou corrigez les accolades.',
};

/** The first line is the message; the others draw the place, which the check names itself. */
export function syntaxWords({ code, message }: Pick<YAMLError, 'code' | 'message'>): Both {
  const line = message.split('\n')[0] ?? message;
  return [french[code], line.endsWith('.') ? line : `${line}.`];
}
