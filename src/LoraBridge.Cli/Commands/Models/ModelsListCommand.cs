using System.CommandLine;
using System.Text.Json;
using LoraBridge.Cli.Output;
using LoraBridge.Model;
using Spectre.Console;

namespace LoraBridge.Cli.Commands.Models;

/// <summary>Shows the catalogue, and what of it is on this machine.</summary>
internal abstract class CatalogueCommand(CommandHost host, string name, string description) : ToolCommand(host, name, description)
{
    /// <summary>The models to show.</summary>
    protected abstract IReadOnlyList<CatalogueModel> Choose(CommandSession session, ModelCatalogue catalogue);

    /// <summary>Whether models in the cache that the catalogue does not know are shown, too.</summary>
    protected abstract bool ShowsOthers { get; }

    protected override async Task<int> ExecuteAsync(CommandSession session)
    {
        var store = session.Store;
        var models = Choose(session, store.Options.Catalogue);
        var cached = await store.ListAsync(session.CancellationToken);
        var others = ShowsOthers ? cached.Where(model => !store.Options.Catalogue.Models.Any(entry => entry.Builds.Any(build => IsCached(build, [model])))).ToList() : [];
        session.Report(
            json =>
            {
                json.WriteObjects("models", models, model => Write(json, model, cached));
                if (ShowsOthers)
                    json.WriteObjects("others", others, model => StoredModelJson.Write(json, model));
            },
            console =>
            {
                console.Write(Table(models, cached));
                if (others.Count > 0)
                    console.Write(Table(others));
            });
        return ExitCode.Done;
    }

    private static bool IsCached(CatalogueBuild build, IReadOnlyList<StoredModel> cached) => cached.Any(model =>
        model.Files.Length == build.Files.Length && (build.Files[0].Sha256 is { } hash
            ? model.Sha256 == hash
            : model.Repository == build.Repository && Path.GetFileName(model.Path) == Path.GetFileName(build.Files[0].Name)));

    private static void Write(Utf8JsonWriter json, CatalogueModel model, IReadOnlyList<StoredModel> cached)
    {
        json.WriteString("id", model.Id);
        json.WriteStrings("aliases", model.Aliases);
        json.WriteString("license", model.License);
        json.WriteFinite("contextLength", model.ContextLength);
        json.WriteObjects("builds", model.Builds, build =>
        {
            json.WriteString("quantization", build.Quantization);
            json.WriteString("repository", build.Repository);
            json.WriteString("revision", build.Revision);
            json.WriteObjects("files", build.Files, file =>
            {
                json.WriteString("name", file.Name);
                json.WriteFinite("size", file.Size);
                json.WriteString("sha256", file.Sha256);
            });
            json.WriteBoolean("cached", IsCached(build, cached));
        });
    }

    private static Table Table(IReadOnlyList<CatalogueModel> models, IReadOnlyList<StoredModel> cached)
    {
        var table = new Table().Border(TableBorder.Simple).AddColumns("model", "also", "quantisation", "size", "licence", "here");
        foreach (var model in models)
        {
            foreach (var build in model.Builds)
            {
                var size = build.Files.Sum(file => file.Size ?? 0);
                table.AddRow(
                    new Text(model.Id), new Text(string.Join(", ", model.Aliases)), new Text(build.Quantization),
                    new Text(build.Files.All(file => file.Size is not null) ? Units.Bytes(size) : "?"),
                    new Text(model.License ?? "?"), new Text(IsCached(build, cached) ? "yes" : ""));
            }
        }
        return table;
    }

    private static Table Table(IReadOnlyList<StoredModel> models)
    {
        var table = new Table().Border(TableBorder.Simple).AddColumns("other models here", "size");
        foreach (var model in models)
            table.AddRow(new Text(model.Id), new Text(Units.Bytes(model.Bytes)));
        return table;
    }
}

/// <summary>Shows all of the catalogue.</summary>
internal sealed class ModelsListCommand(CommandHost host) : CatalogueCommand(host, "list", "List the models that have names, and what is on this machine.")
{
    protected override bool ShowsOthers => true;

    protected override IReadOnlyList<CatalogueModel> Choose(CommandSession session, ModelCatalogue catalogue) => catalogue.Models;
}

/// <summary>Shows a part of the catalogue.</summary>
internal sealed class ModelsSearchCommand : CatalogueCommand
{
    private readonly Argument<string> _text = new("TEXT") { Description = "Part of a name, licence, architecture or repository." };

    internal ModelsSearchCommand(CommandHost host) : base(host, "search", "List the models whose name, licence or repository has a text in it.") => Add(_text);

    protected override bool ShowsOthers => false;

    protected override IReadOnlyList<CatalogueModel> Choose(CommandSession session, ModelCatalogue catalogue) => catalogue.Search(session.Required(_text));
}
