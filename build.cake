// The build: dotnet tool restore && dotnet cake [--target=TASK] [--configuration=CONFIGURATION]

var target = Argument("target", "Default");
var configuration = Argument("configuration", "Release");
var packages = MakeAbsolute(Directory("artifacts/packages"));

void DotNet(string arguments)
{
    var exitCode = StartProcess("dotnet", arguments);
    if (exitCode != 0)
        throw new CakeException(exitCode, $"dotnet {arguments} exited with {exitCode}");
}

void PackProject(string name) =>
    DotNet($"pack src/{name} --configuration {configuration} --output {packages} -p:LoraBridgePacking=true -p:ContinuousIntegrationBuild=true");

Task("RestoreNatives")
    .Description("Fetches llama.cpp v0.5.0 for the package LoraBridge.Backend.Cpu, with npm; nothing else needs it.")
    .Does(() =>
    {
        var settings = new ProcessSettings { Arguments = "ci --loglevel=error", WorkingDirectory = "native" };
        if (!DirectoryExists("native/node_modules") && StartProcess("npm", settings) != 0)
            throw new CakeException("npm could not restore the libraries in native/.");
    });

Task("Build")
    .Description("Builds everything; warnings are errors.")
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
        foreach (var name in new[] { "LoraBridge.Formats", "LoraBridge.Native", "LoraBridge.Training", "LoraBridge", "LoraBridge.Extensions.AI", "LoraBridge.LLamaSharp", "LoraBridge.Backend.Cpu", "LoraBridge.Cli" })
            PackProject(name);
    });

Task("PackGpu")
    .Description("Packs the backends for GPUs; needs 'npm ci' in native/cuda and native/vulkan first.")
    .IsDependentOn("Pack")
    .Does(() =>
    {
        PackProject("LoraBridge.Backend.Cuda13");
        PackProject("LoraBridge.Backend.Vulkan");
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
    .Description("Everything but the packages for GPUs.")
    .IsDependentOn("Test")
    .IsDependentOn("Smoke");

RunTarget(target);
