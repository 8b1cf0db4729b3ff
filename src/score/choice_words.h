// The words by which a letter is stated as the answer, or is not. One table; English first, then
// what other languages say in the same place (choice_tokens.cc has those of other scripts).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace assay::choice_words {

// A list of words. `bit` tells the lists apart: a token keeps the lists that its word is in, so
// that it is looked up once.
template <std::size_t N>
struct Words {
  unsigned bit;
  std::array<std::string_view, N> words;
};

template <unsigned kBit, std::size_t N>
[[nodiscard]] constexpr Words<N> list(const std::string_view (&words)[N]) {
  static_assert(kBit < 64);
  return {kBit, std::to_array(words)};
}

// The lists that hold this lower-case word, a bit each.
[[nodiscard]] std::uint64_t lists_with(std::string_view word);

// "The answer is B", "Answer: B".
inline constexpr auto kAnswer =
    list<0>({"answer", "ans", "answers", "respuesta", "reponse", "antwort", "resposta", "risposta",
             "odpowiedz", "antwoord", "svar", "jawaban"});

// "The correct option is B": these need one of kBest before them, or a colon behind.
inline constexpr auto kOption = list<1>(
    {"option",         "choice",     "alternative", "one",       "letter",      "response",
     "statement",      "solution",   "pick",        "guess",     "selection",   "opcion",
     "opcao",          "opzione",    "alternativa", "lettre",    "lettera",     "letra",
     "buchstabe",      "conclusion", "match",       "candidate", "description", "explanation",
     "classification", "term"});

inline constexpr auto kBest = list<2>(
    {"correct",  "right",    "best",      "final",         "closest",    "appropriate", "accurate",
     "suitable", "likely",   "valid",     "remaining",     "only",       "answer",      "my",
     "chosen",   "selected", "correcta",  "correcto",      "richtige",   "correcte",    "bonne",
     "correta",  "corretta", "plausible", "reasonable",    "nearest",    "proper",      "logical",
     "sensible", "fitting",  "closest",   "probable",      "consistent", "good",        "better",
     "ideal",    "optimal",  "matching",  "comprehensive", "relevant",   "answer's"});

inline constexpr auto kFalse = list<3>({"incorrect", "false", "wrong", "untrue", "inaccurate"});

// An answer called so is not the one that is given.
inline constexpr auto kOtherAnswer =
    list<4>({"wrong", "incorrect", "false", "tempting", "trap", "other", "another", "initial",
             "first", "previous", "earlier", "original", "worst", "naive", "popular", "second",
             "distractor", "misleading"});

// Between what is said of the answer and the letter.
inline constexpr auto kIs =
    list<5>({"is", "be", "was", "becomes", "remains", "are", "es", "est", "ist", "lautet", "e",
             "sera", "being", "it's", "that's", "jest"});
inline constexpr std::string_view kIsMarks = ":=->|";

// May stand between "is" and the letter.
inline constexpr auto kBeforeLetter =
    list<6>({"therefore",    "thus",      "hence",    "then",      "indeed",      "clearly",
             "definitely",   "simply",    "just",     "most",      "likely",      "probably",
             "actually",     "the",       "option",   "choice",    "answer",      "letter",
             "given",        "by",        "in",       "as",        "found",       "listed",
             "one",          "labeled",   "labelled", "marked",    "either",      "both",
             "again",        "still",     "now",      "correct",   "right",       "best",
             "final",        "following", "opcion",   "opcao",     "opzione",     "la",
             "die",          "das",       "number",   "is",        "it",          "alternative",
             "that",         "certainly", "surely",   "obviously", "represented", "it's",
             "be",           "must",      "which",    "statement", "would",       "closest",
             "to",           "at",        "with",     "of",        "alternativa", "lettre",
             "definitively", "also",      "options",  "choices",   "more",        "indicated",
             "shown",        "described", "towards",  "toward",    "from",        "under",
             "for",          "only",      "so",       "a"});

// "A" and "I" in front of any other word are an article and a pronoun.
inline constexpr auto kBehindLetter =
    list<7>({"because", "since", "as",        "and",     "or",      "not",     "but",    "is",
             "was",     "by",    "while",     "whereas", "which",   "that",    "rather", "instead",
             "if",      "when",  "due",       "given",   "for",     "with",    "in",     "on",
             "from",    "based", "according", "should",  "must",    "only",    "so",     "then",
             "hence",   "thus",  "therefore", "seems",   "appears", "weil",    "denn",   "porque",
             "car",     "parce", "perche",    "i",       "are",     "remains", "where",  "here",
             "after",   "y",     "et",        "und",     "fits",    "matches", "holds"});

// Behind a letter that is named together with another one ("B and C because …"). What is said of
// the last alone ("B and C is …") begins a new clause.
inline constexpr auto kBehindGroup =
    list<8>({"because", "since", "as",    "so",    "but",       "for",          "by",
             "due",     "given", "based", "both",  "are",       "weil",         "porque",
             "car",     "or",    "and",   "while", "according", "respectively", "together"});

inline constexpr auto kAnd = list<9>(
    {"and", "or", "y", "o", "u", "und", "oder", "et", "ou", "plus", "nor", "to", "through"});
inline constexpr auto kBetweenGroup = list<10>({"also", "possibly", "perhaps", "maybe", "either",
                                                "both", "option", "choice", "even", "answer"});

inline constexpr auto kNot =
    list<11>({"not",       "no",       "never",  "neither",   "nor",     "doubt",   "doubtful",
              "cannot",    "can't",    "don't",  "doesn't",   "isn't",   "wasn't",  "won't",
              "wouldn't",  "couldn't", "didn't", "shouldn't", "aren't",  "whether", "unlikely",
              "eliminate", "exclude",  "nicht",  "kein",      "unclear", "unknown", "hardly",
              "rejects",   "unable",   "unsure", "ne",        "pas"});

// Said of what is only supposed, or of what others or earlier thoughts hold: such a statement
// counts where there is no better one.
inline constexpr auto kSupposed = list<12>(
    {"if",        "unless",   "had",     "suppose",    "supposing",  "supposed", "assuming",
     "assume",    "might",    "may",     "could",      "perhaps",    "maybe",    "possibly",
     "initially", "glance",   "first",   "originally", "previously", "some",     "others",
     "people",    "students", "someone", "tempting",   "tempted",    "thought",  "were",
     "suggests",  "suggest",  "wenn",    "si",         "expected",   "naively",  "originally",
     "thinking",  "guessed"});

// From here on in the sentence it is no longer supposed.
inline constexpr auto kNoLongerSupposed =
    list<13>({"so", "therefore", "thus", "hence", "but", "however", "yet", "consequently",
              "because", "since"});

// What is stated before these may not hold any more.
inline constexpr auto kTakesBack = list<14>(
    {"wait",        "actually",      "hmm",           "hm",        "correction", "oops",
     "scratch",     "reconsider",    "reconsidering", "recheck",   "rechecking", "recomputing",
     "recalculate", "recalculating", "mistake",       "mistaken",  "reevaluate", "reevaluating",
     "rethink",     "sorry",         "apologies",     "apologize", "misread",    "miscalculated"});

// "(D) is correct", "C is the best answer".
inline constexpr auto kVerdict = list<15>({"correct", "right", "answer", "best", "closest"});
inline constexpr auto kBeforeVerdict = list<16>(
    {"the",     "clearly",    "indeed",    "therefore", "thus",        "definitely", "most",
     "likely",  "probably",   "our",       "my",        "final",       "only",       "also",
     "a",       "one",        "that",      "accurate",  "appropriate", "then",       "suitable",
     "logical", "reasonable", "plausible", "correct",   "right",       "best",       "as",
     "single",  "hence",      "closest",   "overall",   "option",      "choice",     "both"});
inline constexpr auto kVerdictNoun = list<17>(
    {"answer", "option", "choice", "one", "response", "match", "fit", "solution", "statement",
     "explanation", "description", "alternative", "conclusion", "approximation"});
// May stand before a letter that is a subject; any other word makes it a name ("Statement A").
inline constexpr auto kBeforeSubject = list<18>(
    {"option", "choice",      "answer", "so",       "therefore", "thus",    "hence",   "that",
     "only",   "and",         "but",    "then",     "clearly",   "both",    "making",  "makes",
     "or",     "alternative", "leaves", "means",    "letter",    "options", "choices", "opcion",
     "shows",  "because",     "find",   "conclude", "say",       "have",    "answers"});
inline constexpr auto kMakes = list<19>({"making", "makes", "make", "leaves", "leaving", "have"});

inline constexpr auto kFirstPerson =
    list<20>({"i", "we", "i'd", "i'll", "we'd", "we'll", "i'm", "let's", "i've", "we've", "you"});
inline constexpr auto kBeforeChoosing = list<21>(
    {"would", "will",  "should", "must",  "can",   "thus",        "therefore", "have",    "to",
     "then",  "am",    "are",    "shall", "hence", "confidently", "now",       "finally", "d",
     "ll",    "going", "want",   "need",  "do",    "also",        "ultimately"});
inline constexpr auto kChoosing = list<22>(
    {"choose", "pick",     "select", "answer",   "say",    "choosing", "picking", "selecting",
     "chose",  "conclude", "lean",   "go",       "opt",    "settle",   "submit",  "believe",
     "think",  "mark",     "chosen", "selected", "picked", "going"});

// "Therefore, B."
inline constexpr auto kConclusion =
    list<23>({"therefore", "thus", "hence", "so", "consequently", "accordingly", "conclusion",
              "overall", "ergo", "finally", "luego", "daher", "also", "donc"});
// "This matches option B", "which leaves B", "only B fits".
inline constexpr auto kLeadsTo =
    list<24>({"leaves",  "leaving",  "matches", "corresponds", "corresponding", "matching",
              "remains", "it",       "it's",    "which",       "this",          "that",
              "closest", "supports", "points",  "equals",      "likely",        "choose",
              "select",  "choosing", "pick",    "left"});
inline constexpr auto kBetweenLeads = list<25>(
    {"is",      "must",    "be",      "has",     "to",          "us",          "with",
     "only",    "the",     "most",    "more",    "likely",      "probably",    "therefore",
     "then",    "exactly", "closely", "best",    "corresponds", "matches",     "equivalent",
     "option",  "choice",  "answer",  "letter",  "should",      "can",         "given",
     "in",      "it",      "we",      "have",    "get",         "that",        "leaves",
     "leaving", "correct", "right",   "it's",    "just",        "closest",     "supports",
     "points",  "toward",  "towards", "clearly", "indeed",      "represented", "by",
     "as"});
inline constexpr auto kOptionWord =
    list<26>({"option", "choice", "answer", "letter", "opcion", "alternative"});

// "The most likely cause is (B)"; other words in -est do the same.
inline constexpr auto kSinglesOut =
    list<27>({"most", "best", "only", "correct", "right", "least", "highest", "lowest"});
// "correct because", not "correct about": the verdict is complete before these.
inline constexpr auto kBehindVerdict = list<28>({"because", "since", "as", "so", "and", "while",
                                                 "whereas", "here", "by", "given", "due", "but"});
inline constexpr auto kMistake = list<29>({"mistake", "error", "pitfall", "temptation"});

// A line with these and a colon is followed by options that are looked at, not by the answer.
inline constexpr auto kListAhead =
    list<30>({"options",  "choices",       "each",      "analyze",   "analyse",      "evaluate",
              "consider", "statements",    "look",      "following", "examine",      "review",
              "assess",   "possibilities", "check",     "compare",   "alternatives", "answers",
              "through",  "let's",         "eliminate", "incorrect", "wrong",        "ruled"});

// "Now, let's summarize all the answers": the model goes on about other questions.
inline constexpr auto kSumsUp = list<31>(
    {"summarize", "summarise", "summarizing", "summarising", "combine", "combining", "compile",
     "compiling", "recap", "recaps", "considering", "consolidate", "consolidating", "summary"});

// With a colon behind them these head an explanation, whatever letter it begins with.
inline constexpr auto kHeadsText = list<33>({"explanation", "description", "statement", "term",
                                             "candidate", "classification", "match", "one"});

// "C seems most plausible", "D is better supported", "C is the only one that fits".
inline constexpr auto kSeems = list<34>({"is", "seems", "appears", "looks", "sounds", "feels",
                                         "fits", "matches", "stands", "remains", "makes"});
inline constexpr auto kBetweenSeems = list<35>(
    {"to", "be", "the", "clearly", "by", "far", "like", "a", "out", "as", "sense", "indeed"});
inline constexpr auto kFavours =
    list<36>({"most", "best", "better", "only", "likeliest", "strongest", "closest", "correct",
              "right", "plausible", "likely", "perfectly", "exactly", "sole"});

// What an option in a list is said to be: "A) False", "C - yes".
inline constexpr auto kAffirms =
    list<37>({"correct", "true", "yes", "right", "valid", "holds", "fits"});
inline constexpr auto kDenies =
    list<38>({"incorrect", "false", "no", "wrong", "invalid", "untrue", "inaccurate"});

// Words of which statements consist.
inline constexpr auto kStating = list<32>({"the", "answer", "is", "final", "correct", "option",
                                           "choice", "so", "therefore", "thus", "hence", "and"});

}  // namespace assay::choice_words
