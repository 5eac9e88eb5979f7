using LoraBridge.Cli.Output;
using LoraBridge.Model;
using Spectre.Console;

namespace LoraBridge.Cli.Commands;

/// <summary>Lists what can compute here.</summary>
internal sealed class BackendsCommand(CommandHost host) : ToolCommand(host, "backends", "Show which backends this machine offers, and why not the others.")
{
    protected override Task<int> ExecuteAsync(CommandSession session)
    {
        var report = Backends.List();
        session.Report(
            json =>
            {
                json.WriteString("selected", report.Selected);
                json.WriteString("llamaVersion", report.LlamaVersion);
                json.WriteString("llamaBuild", report.LlamaVersion);
                json.WriteString("nativeDirectory", report.NativeDirectory);
                json.WriteString("nativeReason", report.NativeReason);
                json.WriteString("warning", report.Warning);
                json.WriteObjects("candidates", report.Candidates, candidate =>
                {
                    json.WriteString("name", candidate.Name);
                    json.WriteBoolean("available", candidate.Available);
                    json.WriteString("reason", candidate.Reason);
                    json.WriteString("note", candidate.Note);
                    json.WriteObjects("devices", candidate.Devices, device =>
                    {
                        json.WriteString("name", device.Name);
                        json.WriteString("description", device.Description);
                        json.WriteNumber("totalMemory", device.TotalMemory);
                        json.WriteNumber("freeMemory", device.FreeMemory);
                        json.WriteString("training", device.Training);
                    });
                });
            },
            console =>
            {
                console.Write(PlainConsole.Facts(
                    ("llama.cpp", report.LlamaVersion), ("from", $"{report.NativeDirectory} ({report.NativeReason})"), ("selected", report.Selected), ("warning", report.Warning)));
                console.Write(Table(report));
            });
        return Task.FromResult(ExitCode.Done);
    }

    private static Table Table(BackendReport report)
    {
        var table = new Table().Border(TableBorder.Simple).AddColumns("backend", "available", "devices, or why not");
        foreach (var candidate in report.Candidates)
        {
            var details = candidate.Available
                ? string.Join('\n', candidate.Devices.Select(Describe))
                : OneLine.Of(candidate.Reason ?? "");
            // Of what is not there, it is enough to know why.
            if (candidate is { Available: true, Note: { } note })
                details += $"\n{note}";
            table.AddRow(new Text(candidate.Name), new Text(candidate.Available ? "yes" : "no"), new Text(details));
        }
        return table;
    }

    private static string Describe(DeviceInfo device) =>
        $"{device.Name} ({device.Description}), {Units.Bytes(device.FreeMemory)} of {Units.Bytes(device.TotalMemory)} free: {device.Training}";
}
