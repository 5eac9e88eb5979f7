using System.CommandLine;

namespace LoraBridge.Cli.Commands.Adapters;

/// <summary>The commands that make an adapter of adapters or models.</summary>
internal sealed class AdapterCommand : Command
{
    internal AdapterCommand(CommandHost host) : base("adapter", "Combine, resize, extract and requantize adapters.")
    {
        Add(new CombineCommand(host));
        Add(new ResizeCommand(host));
        Add(new ExtractCommand(host));
        Add(new RequantizeCommand(host));
    }
}
