// Models by name: what there is, what is here, and a download that shows speed and time left.
//
//   dotnet run -c Release --project examples/08-Models              lists the small models of the catalogue
//   dotnet run -c Release --project examples/08-Models -- MODEL     fetches MODEL (qwen3:0.6b, hf:owner/repository:Q4_K_M, ...) and asks it
using LoraBridge.Model;
using LoraBridge.TextGeneration;

var store = new ModelStore();
if (args is not [var id, ..])
{
    foreach (var model in store.Options.Catalogue.Models.Where(model => model.Builds[0].Files.Sum(file => file.Size ?? long.MaxValue / 2) < 1L << 30))
    {
        var here = await store.FindAsync(model.Id) is not null;
        Console.WriteLine($"{model.Id,-16} {model.Builds[0].Quantization,-8} {model.Builds[0].Files.Sum(file => file.Size) / 1e6,6:f0} MB  {model.License ?? "?",-14}{(here ? "on this machine" : "")}");
    }
    return 0;
}

var progress = new Progress<ModelDownloadProgress>(state =>
{
    if (state.Plan is { } plan)
        Console.Error.WriteLine($"{plan.Page}, licence {plan.License ?? "unknown: see that page"}; it {plan.Memory}");
    else if (state.Message is { } message)
        Console.Error.WriteLine(message);
    else if (state.Stage == ModelDownloadStage.Downloading)
        Console.Error.Write($"\r{state.Fraction:p0}  {state.BytesPerSecond / 1e6:f1} MB/s  {state.Remaining:m\\:ss} left   ");
});
var stored = await store.PullAsync(id, progress);
Console.WriteLine($"{stored.Path}: {stored.Bytes} bytes, {(stored.Verified ? "verified" : "not verified")}, {(stored.Downloaded ? "downloaded" : "was here")}");

using var lm = new LM(stored.Path);
using var question = new SingleTurnConversation(lm) { MaximumCompletionTokens = 32, SamplingMode = SamplingMode.Greedy };
Console.WriteLine(question.Submit(args.Length > 1 ? args[1] : "What is a llama?").Text);
return 0;
