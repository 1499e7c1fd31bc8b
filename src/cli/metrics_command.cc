#include "src/cli/metrics_command.h"

#include <vector>

#include "absl/status/statusor.h"
#include "flxlink/engine.h"
#include "flxlink/metrics.h"
#include "src/cli/print.h"

namespace flxlink::cli {
namespace {

Json MetricView(const Metric& metric) {
  Json labels = Json::object();
  for (const Field& label : metric.labels) labels[label.name] = label.value;
  return {{"name", metric.name},
          {"kind", std::string(ToString(metric.kind))},
          {"help", metric.help},
          {"labels", labels},
          {"value", metric.value}};
}

absl::Status PrintMetrics(Session& session) {
  const absl::StatusOr<std::vector<Metric>> metrics = session.engine().ReadMetrics();
  if (!metrics.ok()) return metrics.status();
  if (!session.json()) return PrintText(FormatPrometheus(*metrics));
  JsonArray array;
  for (const Metric& metric : *metrics) {
    if (absl::Status status = array.Add(MetricView(metric)); !status.ok()) return status;
  }
  return array.Finish();
}

}  // namespace

void AddMetricsCommand(CLI::App& app, const Globals& globals, std::function<absl::Status()>& action) {
  CLI::App* command = app.add_subcommand("metrics", "Print how full the queues are, as Prometheus reads it");
  SetWork(command, globals, action, &PrintMetrics);
}

}  // namespace flxlink::cli
