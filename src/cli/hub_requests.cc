#include "cli/hub_requests.h"

namespace assay {

bool is_local(const std::string& model) {
  return model.starts_with('/') || model.starts_with('.');
}

HubRequest model_request(const VariantSpec& variant, const FrozenRevisions& frozen) {
  return {HubKind::model,
          variant.model,
          frozen.revision(HubKind::model, variant.model, variant.revision),
          {}};
}

HubRequest data_request(const TaskSpec& spec, const Task& task, const FrozenRevisions& frozen) {
  const std::string& id = task.source.hub_id;
  return {HubKind::dataset, id, frozen.revision(HubKind::dataset, id, spec.revision),
          task.source.hub_files};
}

HubRequest tokenizer_request(const std::string& repository) {
  return {HubKind::model, repository, "", {"*.json", "*.txt", "*.jinja", "*.model"}};
}

}  // namespace assay
