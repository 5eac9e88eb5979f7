using System.CommandLine;
using LoraBridge.Cli.Options;
using LoraBridge.Cli.Progress;
using LoraBridge.Finetuning;

namespace LoraBridge.Cli.Commands.Adapters;

/// <summary>Makes one adapter of several.</summary>
internal sealed class CombineCommand : AdapterWritingCommand
{
    private readonly Option<AdapterReference[]> _adapters = ModelOptions.Adapters();
    private readonly Option<string> _method = new Option<string>("--method")
    {
        Description = "concatenate is exact, and adds the ranks; svd cuts that to --rank; linear adds the factors.",
        DefaultValueFactory = _ => "concatenate",
    }.AcceptOnlyFromAmong("concatenate", "svd", "linear");
    private readonly Option<int?> _rank = NumberOption.Integer(["--rank"], "Rank of the result, for svd.", 1);

    internal CombineCommand(CommandHost host) : base(host, "combine", "Make one adapter of several; the scales are folded in.")
    {
        _adapters.Required = true;
        Add(_adapters);
        Add(_method);
        Add(_rank);
    }

    protected override AdapterArithmeticResult Write(
        CommandSession session, string path, AdapterWriteOptions options, IProgress<ProgressEvent> progress)
    {
        var method = Enum.Parse<AdapterCombination>(session.Required(_method), ignoreCase: true);
        var rank = session.Value(_rank);
        if (rank is null == (method == AdapterCombination.Svd))
            throw new UsageException(rank is null ? "--method svd needs --rank." : "--rank goes with --method svd only.");
        return AdapterArithmetic.Combine(
            [.. session.Required(_adapters).Select(adapter => (adapter.Path, adapter.Scale))], path, method, rank, options, session.CancellationToken);
    }
}
