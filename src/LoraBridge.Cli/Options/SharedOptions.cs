using System.CommandLine;
using LoraBridge.Cli.Output;
using LoraBridge.Cli.Progress;
using LoraBridge.Model;

namespace LoraBridge.Cli.Options;

/// <summary>The options that every command has.</summary>
internal sealed class SharedOptions
{
    internal Option<bool> Json { get; } = new("--json") { Description = "Print the result as one JSON object." };

    internal Option<bool> Verbose { get; } = new("--verbose") { Description = "Show native logs and stack traces." };

    private Option<string> Progress { get; } = new Option<string>("--progress")
    {
        Description = "How progress is shown on standard error.", DefaultValueFactory = _ => "auto",
    }.AcceptOnlyFromAmong("auto", "plain", "json", "none");

    private Option<string> Backend { get; } = new Option<string>("--backend")
    {
        Description = "What computes.", DefaultValueFactory = _ => "auto",
    }.AcceptOnlyFromAmong("auto", "cpu", "cuda", "vulkan", "metal");

    private Option<int?> GpuLayers { get; } = NumberOption.Integer(["--gpu-layers"], "Layers kept on the GPU; all unless given.", 0);

    private Option<int?> Threads { get; } = NumberOption.Integer(["--threads"], "Threads on the CPU; the physical cores unless given.", 1, 512);

    private Option<bool> Offline { get; } = new("--offline") { Description = "Use models that are on this machine only." };

    private Option<bool> AcceptLicense { get; } = new("--accept-licence") { Description = "Accept the licence of the model, where it asks for it before the download." };

    internal void AddTo(RootCommand root)
    {
        Option[] options = [Json, Progress, Backend, GpuLayers, Threads, Offline, AcceptLicense, Verbose];
        foreach (var option in options)
        {
            option.Recursive = true;
            root.Add(option);
        }
    }

    /// <summary>Where models lie and compute.</summary>
    internal DeviceConfiguration Device(CommandSession session)
    {
        var device = new DeviceConfiguration
        {
            Backend = Enum.Parse<ComputeBackend>(session.Required(Backend), ignoreCase: true),
            GpuLayers = session.Value(GpuLayers),
        };
        return session.Value(Threads) is { } threads ? device with { Threads = threads } : device;
    }

    /// <summary>Where models that are named by an identifier come from.</summary>
    internal ModelStore Store(CommandSession session)
    {
        var options = ModelStoreOptions.FromEnvironment();
        return new ModelStore(options with
        {
            Offline = options.Offline || session.Value(Offline),
            AcceptLicenses = options.AcceptLicenses || session.Value(AcceptLicense),
        });
    }

    /// <summary>How progress is shown.</summary>
    internal IProgressDisplay Display(CommandSession session) => session.Required(Progress) switch
    {
        "plain" => new PlainDisplay(session.Terminal.Error),
        "json" => new JsonDisplay(session.Terminal.Error),
        "none" => new NoDisplay(),
        // A log would run through a bar.
        _ => session.Terminal.IsAnsi && !session.IsVerbose
            ? new BarDisplay(PlainConsole.Of(session.Terminal.Error))
            : new PlainDisplay(session.Terminal.Error),
    };
}
