using System.CommandLine;

namespace LoraBridge.Cli.Commands;

/// <summary>Measures speed and memory; each subcommand one job.</summary>
internal sealed class BenchCommand : Command
{
    internal BenchCommand(CommandHost host) : base("bench", "Measure speed and memory on this machine.")
    {
        Add(new BenchTrainCommand(host));
        Add(new BenchInferCommand(host));
        Add(new BenchMergeCommand(host));
    }
}
