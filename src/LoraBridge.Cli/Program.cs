using LoraBridge.Cli;

var terminal = Terminal.OfProcess();
using var interruption = new Interruption(terminal.ShowCursor);
return await Tool.RunAsync(args, terminal with { Interruption = interruption }, interruption.Token);
