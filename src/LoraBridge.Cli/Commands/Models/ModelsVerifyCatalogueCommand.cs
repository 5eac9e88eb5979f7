using LoraBridge.Cli.Output;
using LoraBridge.Model;
using Spectre.Console;

namespace LoraBridge.Cli.Commands.Models;

/// <summary>Compares the catalogue with the hub.</summary>
internal sealed class ModelsVerifyCatalogueCommand(CommandHost host)
    : ToolCommand(host, "verify-catalogue", "Ask the hub about every file of the catalogue and print what differs: for maintainers.")
{
    protected override async Task<int> ExecuteAsync(CommandSession session)
    {
        List<CatalogueCheck> checks = [];
        await foreach (var check in session.Store.CheckCatalogueAsync(session.CancellationToken))
        {
            checks.Add(check);
            await session.Terminal.Error.WriteLineAsync(OneLine.Of($"{check.Id} {check.Build.Quantization} {check.File.Name}: {check.Problem ?? "as expected"}"));
        }
        var wrong = checks.Where(check => check.Problem is not null).ToList();
        session.Report(
            json =>
            {
                json.WriteNumber("checked", checks.Count);
                json.WriteObjects("differences", wrong, check =>
                {
                    json.WriteString("id", check.Id);
                    json.WriteString("repository", check.Build.Repository);
                    json.WriteString("file", check.File.Name);
                    json.WriteString("problem", check.Problem);
                    json.WriteString("commit", check.Commit);
                    json.WriteFinite("size", check.Size);
                    json.WriteString("sha256", check.Sha256);
                });
            },
            console => console.Write(PlainConsole.Facts(("checked", Units.Count(checks.Count)), ("differ", Units.Count(wrong.Count)))));
        return wrong.Count == 0 ? ExitCode.Done : ExitCode.Failed;
    }
}
