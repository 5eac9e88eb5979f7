using LoraBridge.Cli;

using var interruption = new Interruption();
return await Tool.RunAsync(args, Terminal.OfProcess(), interruption.Token);
