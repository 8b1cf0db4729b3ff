// {fmt}'s compiled part, for the portable build: Debian has it as a shared library only.
#include <fmt/format-inl.h>

#include <locale>

namespace fmt::detail {

// What fmt's headers leave to be instantiated elsewhere.
template FMT_API auto locale_ref::get<std::locale>() const -> std::locale;
template FMT_API auto thousands_sep_impl<char>(locale_ref) -> thousands_sep_result<char>;
template FMT_API auto decimal_point_impl(locale_ref) -> char;

}  // namespace fmt::detail
