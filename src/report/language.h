// The languages a report can be read in.
#pragma once

namespace assay {

enum class Language { en, zh };

}  // namespace assay
