// The build: dotnet tool restore && dotnet cake [--target=TASK] [--configuration=CONFIGURATION]

var target = Argument("target", "Default");
var configuration = Argument("configuration", "Release");
var packages = MakeAbsolute(Directory("artifacts/packages"));

void DotNet(string arguments)
{
    var exitCode = StartProcess("dotnet", arguments);
    if (exitCode != 0)
        throw new CakeException(exitCode, $"dotnet {arguments} answered {exitCode}");
}

void PackProject(string name) =>
    DotNet($"pack src/{name} --configuration {configuration} --output {packages} -p:LoraBridgePacking=true -p:ContinuousIntegrationBuild=true");

Task("RestoreNatives")
    .Description("Fetches the llama.cpp libraries, if they are missing.")
    .Does(() => DotNet("msbuild src/LoraBridge.Native -restore -target:RestoreNatives -verbosity:minimal"));

Task("Build")
    .Description("Builds everything; warnings are errors.")
    .IsDependentOn("RestoreNatives")
    .Does(() => DotNet($"build --configuration {configuration}"));

Task("Test")
    .Description("Runs all tests.")
    .IsDependentOn("Build")
    .Does(() => DotNet($"test --configuration {configuration} --no-build"));

Task("Pack")
    .Description("Packs the libraries, the CPU backend and the tool into artifacts/packages.")
    .IsDependentOn("RestoreNatives")
    .Does(() =>
    {
        CleanDirectory(packages);
        foreach (var name in new[] { "LoraBridge.Formats", "LoraBridge.Native", "LoraBridge.Training", "LoraBridge", "LoraBridge.Extensions.AI", "LoraBridge.Backend.Cpu", "LoraBridge.Cli" })
            PackProject(name);
    });

Task("PackCuda")
    .Description("Packs the CUDA backends; needs 'npm ci' in native/cuda first.")
    .IsDependentOn("Pack")
    .Does(() =>
    {
        PackProject("LoraBridge.Backend.Cuda12");
        PackProject("LoraBridge.Backend.Cuda13");
    });

Task("Smoke")
    .Description("Uses the packages as a project elsewhere would: loads a tiny model, installs and runs the tool.")
    .IsDependentOn("Pack")
    .Does(() =>
    {
        CleanDirectory("artifacts/smoke");
        DotNet($"run --project tests/PackageSmoke --configuration {configuration}");
        DotNet($"tool install LoraBridge.Cli --tool-path artifacts/smoke/tool --add-source {packages}");
        var tool = MakeAbsolute(File("artifacts/smoke/tool/lorabridge"));
        if (StartProcess(tool, "backends --json") != 0)
            throw new CakeException("The installed tool does not run.");
    });

Task("Default")
    .Description("Everything but the CUDA packages.")
    .IsDependentOn("Test")
    .IsDependentOn("Smoke");

RunTarget(target);
