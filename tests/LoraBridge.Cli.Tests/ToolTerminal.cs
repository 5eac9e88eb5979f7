using LoraBridge.TestKit.Terminals;

namespace LoraBridge.Cli.Tests;

/// <summary>Runs the tool in a terminal.</summary>
internal static class ToolTerminal
{
    /// <summary>What makes Spectre think that nobody looks, or that colours are not wanted: set where tests run, not where people sit.</summary>
    private static readonly string[] Automation =
    [
        "APPVEYOR", "bamboo_buildNumber", "BITBUCKET_REPO_OWNER", "BITRISE_BUILD_URL", "BUDDY_WORKSPACE_ID", "BUILDKITE", "CI", "CIRRUS_CI",
        "CONTINUA_CI_VERSION", "GITHUB_ACTIONS", "GITLAB_CI", "GO_SERVER_URL", "JENKINS_URL", "MyGet", "NO_COLOR", "TEAMCITY_VERSION",
        "TF_BUILD", "TRAVIS",
    ];

    /// <summary>Starts a command on one thread of the CPU.</summary>
    internal static PseudoTerminal Start(params string[] arguments) => Start(80, 24, [], arguments);

    /// <summary>Starts a command in a terminal of some size, with more in its environment.</summary>
    internal static PseudoTerminal Start(int columns, int rows, Dictionary<string, string?> environment, string[] arguments)
    {
        Assert.SkipUnless(PseudoTerminal.IsSupported, "No pseudo-terminals here.");
        Dictionary<string, string?> variables = new() { ["TERM"] = "xterm-256color" };
        foreach (var name in Automation)
            variables[name] = null;
        foreach (var (name, value) in environment)
            variables[name] = value;
        return PseudoTerminal.Start(
            columns, rows, variables,
            ["dotnet", Path.Combine(AppContext.BaseDirectory, "LoraBridge.Cli.dll"), .. arguments, "--threads", "1", "--backend", "cpu"]);
    }
}
