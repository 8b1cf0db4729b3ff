// The grammar's fixed spellings; private to math_lexer.cc.
#pragma once

#include <string_view>

#include "score/math_lexer.h"

namespace assay::tokens {

using Kind = LatexToken::Kind;

struct Spelling {
  std::string_view text;
  Kind kind;
};

inline constexpr Spelling kSpellings[] = {
    {"^{\\circ}", Kind::degree}, {"^\\circ", Kind::degree}, {"^{\\degree}", Kind::degree},
    {"^\\degree", Kind::degree}, {"^\\circle", Kind::degree}, {"^{\\circle}", Kind::degree},
    {"^T", Kind::other}, {"^{T}", Kind::other}, {"^{\\\\\\top}", Kind::other}, {"+", Kind::plus},
    {"-", Kind::minus}, {"*", Kind::times}, {"/", Kind::divide}, {"\\over", Kind::divide},
    {"(", Kind::open_paren}, {")", Kind::close_paren}, {"[", Kind::open_bracket},
    {"]", Kind::close_bracket}, {"{", Kind::open_brace}, {"}", Kind::close_brace},
    {"\\{", Kind::open_set}, {"\\}", Kind::close_set}, {"\\lbrace", Kind::open_set},
    {"\\rbrace", Kind::close_set}, {"\\(", Kind::special}, {"\\)", Kind::special},
    {"\\lgroup", Kind::special}, {"\\rgroup", Kind::special}, {"\\lbrack", Kind::special},
    {"\\rbrack", Kind::special}, {"\\phantom", Kind::other}, {"\\boxed", Kind::other},
    {"|", Kind::other}, {"\\lvert", Kind::other}, {"\\rvert", Kind::other},
    {"\\vert", Kind::other}, {"\\|", Kind::other}, {"\\langle", Kind::other},
    {"\\rangle", Kind::other}, {"\\lfloor", Kind::other}, {"\\rfloor", Kind::other},
    {"\\llcorner", Kind::other}, {"\\lrcorner", Kind::other}, {"\\lceil", Kind::other},
    {"\\rceil", Kind::other}, {"\\ulcorner", Kind::other}, {"\\urcorner", Kind::other},
    {"\\lim", Kind::special}, {"\\to", Kind::arrow}, {"\\rightarrow", Kind::arrow},
    {"\\Rightarrow", Kind::arrow}, {"\\longrightarrow", Kind::arrow},
    {"\\Longrightarrow", Kind::arrow}, {"\\int", Kind::special}, {"\\sum", Kind::special},
    {"\\prod", Kind::special}, {"\\log", Kind::function}, {"\\ln", Kind::function},
    {"\\exp", Kind::function}, {"\\sin", Kind::function}, {"\\cos", Kind::function},
    {"\\tan", Kind::function}, {"\\csc", Kind::function}, {"\\sec", Kind::function},
    {"\\cot", Kind::function}, {"\\arcsin", Kind::function}, {"\\arccos", Kind::function},
    {"\\arctan", Kind::function}, {"\\arccsc", Kind::other}, {"\\arcsec", Kind::other},
    {"\\arccot", Kind::other}, {"\\Gamma", Kind::other}, {"\\gamma", Kind::other},
    {"\\sinh", Kind::other}, {"\\cosh", Kind::other}, {"\\tanh", Kind::other},
    {"\\arsinh", Kind::other}, {"\\arcosh", Kind::other}, {"\\artanh", Kind::other},
    {"\\arcsinh", Kind::other}, {"\\arccosh", Kind::other}, {"\\arctanh", Kind::other},
    {"\\sqrt", Kind::sqrt}, {"\\gcd", Kind::other}, {"\\lcm", Kind::other},
    {"\\floor", Kind::other}, {"\\ceil", Kind::other}, {"\\max", Kind::other},
    {"\\min", Kind::other}, {"\\det", Kind::other}, {"\\times", Kind::times},
    {"\\cdot", Kind::times}, {"\\div", Kind::divide}, {"\\frac", Kind::frac},
    {"\\dfrac", Kind::frac}, {"\\tfrac", Kind::frac}, {"\\cfrac", Kind::frac},
    {"\\binom", Kind::binom}, {"\\tbinom", Kind::binom}, {"\\dbinom", Kind::binom},
    {"\\choose", Kind::special}, {"\\mod", Kind::other_operator}, {"\\mathit", Kind::other},
    {"\\operatorname", Kind::special}, {"&", Kind::column_end}, {"\\\\", Kind::row_end},
    {"_", Kind::underscore}, {"^", Kind::caret}, {":", Kind::divide}, {";", Kind::semicolon},
    {",", Kind::comma}, {"\\exponentialE", Kind::other}, {"\\xrightarrow", Kind::special},
    {"\\xRightarrow", Kind::special}, {"<->", Kind::special}, {"<=>", Kind::special},
    {"\\leftrightarrow", Kind::special}, {"\\Leftrightarrow", Kind::special},
    {"\\in", Kind::element_of}, {"=", Kind::equals}, {"==", Kind::other_operator},
    {"\\equiv", Kind::other_operator}, {"~=", Kind::approx}, {"\\approx", Kind::approx},
    {"<", Kind::inequality}, {"\\lt", Kind::inequality}, {"\\leq", Kind::inequality},
    {"\\le", Kind::inequality}, {"\\leqslant", Kind::inequality}, {"<=", Kind::inequality},
    {">", Kind::inequality}, {"\\gt", Kind::inequality}, {"\\geq", Kind::inequality},
    {"\\ge", Kind::inequality}, {"\\geqslant", Kind::inequality}, {">=", Kind::inequality},
    {"!=", Kind::other_operator}, {"!==", Kind::other_operator}, {"\\ne", Kind::other_operator},
    {"\\neq", Kind::other_operator}, {"\\not\\equiv", Kind::other_operator},
    {"!", Kind::factorial}, {"\\char", Kind::special}, {"\\pi", Kind::pi},
    {"\\infty", Kind::infinity}, {"\\partial", Kind::special}, {"\\variable", Kind::special},
    {"\\mathbb{N}", Kind::other}, {"\\mathbb{Z}", Kind::other}, {"\\mathbb{Q}", Kind::other},
    {"\\mathbb{R}", Kind::reals}, {"\\mathbb{C}", Kind::other}, {"\\mathbb{P}", Kind::other},
    {"\\cup", Kind::cup}, {"\\cap", Kind::other_operator}, {"\\setminus", Kind::other_operator},
    {"\\pm", Kind::plus_minus}, {"\\mp", Kind::plus_minus}, {"\\emptyset", Kind::empty_set},
    {"\\{\\}", Kind::empty_set}, {"\\lbrace\\rbrace", Kind::empty_set},
    {"\\supseteq", Kind::other_operator}, {"\\subseteq", Kind::other_operator},
    {"\\notin", Kind::other_operator}, {"\\begin{pmatrix}", Kind::matrix_begin},
    {"\\begin{bmatrix}", Kind::matrix_begin}, {"\\begin{matrix}", Kind::matrix_begin},
    {"\\end{pmatrix}", Kind::matrix_end}, {"\\end{bmatrix}", Kind::matrix_end},
    {"\\end{matrix}", Kind::matrix_end}, {"\\begin{vmatrix}", Kind::special},
    {"\\end{vmatrix}", Kind::special}, {"\\begin{array}", Kind::special},
    {"\\end{array}", Kind::special}};

// Symbols of one command; the name is the symbol's.
inline constexpr std::string_view kSymbols[] = {
    "\\alpha", "\\beta", "\\delta", "\\Delta", "\\epsilon", "\\varepsilon", "\\zeta", "\\eta",
    "\\theta", "\\Theta", "\\vartheta", "\\iota", "\\kappa", "\\lambda", "\\Lambda", "\\mu", "\\nu",
    "\\xi", "\\Xi", "\\omicron", "\\varpi", "\\rho", "\\varrho", "\\sigma", "\\Sigma",
    "\\varsigma", "\\tau", "\\upsilon", "\\Upsilon", "\\phi", "\\Phi", "\\varphi", "\\chi", "\\psi",
    "\\Psi", "\\omega", "\\Omega", "\\Bbbk", "\\wp", "\\nabla", "\\bigstar", "\\angle", "\\nexists",
    "\\diagdown", "\\measuredangle", "\\eth", "\\diagup", "\\sphericalangle", "\\clubsuit",
    "\\varnothing", "\\Diamond", "\\complement", "\\diamondsuit", "\\Finv", "\\triangledown",
    "\\heartsuit", "\\jmath", "\\Game", "\\triangle", "\\spadesuit", "\\ell", "\\hbar",
    "\\vartriangle", "\\hslash", "\\blacklozenge", "\\lozenge", "\\blacksquare", "\\mho",
    "\\blacktriangle", "\\sharp", "\\prime", "\\flat", "\\square", "\\backprime", "\\natural",
    "\\surd", "\\circledS"};

// Read, but not followed: \Pi becomes the constant pi, \imath makes all symbols complex.
inline constexpr std::string_view kOddSymbols[] = {"\\Pi", "\\imath", "\\Im", "\\Re"};

// Commands that take a name in braces.
inline constexpr std::string_view kAccents[] = {
    "\\acute", "\\bar", "\\overline", "\\breve", "\\check", "\\widecheck", "\\dot", "\\ddot",
    "\\grave", "\\hat", "\\tilde", "\\widetilde", "\\vec", "\\overrightarrow", "\\bm",
    "\\boldsymbol", "\\text", "\\textit", "\\textbf", "\\textnormal", "\\mathbb", "\\mathbin",
    "\\mathbf", "\\mathcal", "\\mathclap", "\\mathclose", "\\mathellipsis", "\\mathfrak",
    "\\mathinner", "\\mathit", "\\mathnormal", "\\mathop", "\\mathopen", "\\mathord",
    "\\mathpunct", "\\mathrel", "\\mathring", "\\mathrlap", "\\mathrm", "\\mathscr", "\\mathsf",
    "\\mathsterling", "\\mathtt", "\\mbox"};

inline constexpr std::string_view kSpaces[] = {
    "\\,", "\\thinspace", "\\:", "\\medspace", "\\;", "\\thickspace", "\\quad", "\\qquad", "\\!",
    "\\negthinspace", "\\negmedspace", "\\negthickspace", "\\$", "\\vrule", "\\vcenter", "\\vbox",
    "\\vskip", "\\vspace", "\\hfil"};

// Letters that together are a name of the grammar.
inline constexpr std::string_view kReserved[] = {
    "arsinh", "arcsinh", "arcosh", "arccosh", "artanh", "arctanh", "gcd", "lcm", "floor", "ceil",
    "eye", "zeros", "ones", "cols", "rows", "diag", "norm", "rank", "tr", "rref", "stack", "orth",
    "nullspace", "eig", "svd", "SVD", "matrix"};

}  // namespace assay::tokens
