using System.CommandLine;

namespace LoraBridge.Cli.Commands.Models;

/// <summary>The commands about models that have names.</summary>
internal sealed class ModelsCommand : Command
{
    internal ModelsCommand(CommandHost host) : base("models", "Find, download and remove models.")
    {
        Add(new ModelsListCommand(host));
        Add(new ModelsSearchCommand(host));
        Add(new ModelsPullCommand(host));
        Add(new ModelsPathCommand(host));
        Add(new ModelsVerifyCommand(host));
        Add(new ModelsRemoveCommand(host));
        Add(new ModelsImportCommand(host));
        Add(new ModelsVerifyCatalogueCommand(host));
    }

    internal static Argument<string> Model() => new("MODEL")
    {
        Description = "A name such as gemma3:4b, hf:owner/repository[@revision][:quantisation], an address, or ollama:name.",
    };
}
